"""Which learner an operator means who types an id as a source spells it, or as we do (R26)."""

from warehouse.configuration.configuration import Configuration
from warehouse.configuration.roles import Spelling
from warehouse.errors import PulseError
from warehouse.identifiers import normal_id


def learner_meant(configuration: Configuration, text: str) -> str:
    """Return the normal id of the learner whom a text means.

    A text that begins with the prefix of a users stream is an id as we spell it. Any other is spelled as the users
    streams spell theirs, if all of them make the same of it.

    Args:
        configuration: whose users streams.
        text: what was typed.

    Raises:
        PulseError: users streams make different learners of it.
    """
    spellings = [stream.spelling for stream in configuration.users_streams]
    with_prefix = [spelling for spelling in spellings if spelling.prefix and text.startswith(spelling.prefix)]
    if with_prefix:
        return _spelled(with_prefix[0], text.removeprefix(with_prefix[0].prefix))
    learners = sorted({_spelled(spelling, text) for spelling in spellings})
    if len(learners) > 1:
        raise PulseError(f"this may be any of {', '.join(learners)}; type the one that is meant, with its prefix")
    return learners[0]


def _spelled(spelling: Spelling, text: str) -> str:
    """What no UUID can be made of stays as it is: it may be in the quarantine."""
    try:
        return spelling.spelled(text)
    except ValueError:
        return normal_id(text)
