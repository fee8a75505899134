"""A learner's pulse as the endpoint answers it: 365 entries, oldest first, and their totals (R12, R13, R14).

What a token says never gets into a query: a block is found by the learner's key, which no two learners of a version
share, and the id is compared here, text with text, so that any id that JSON can hold is a question with an answer.
"""

from serve.version import packed
from serve.version.open_version import OpenVersion
from serve.version.packed import Pulse
from warehouse.identifiers import user_key


def learning_pulse(version: OpenVersion, user_id: str) -> Pulse:
    """Return a learner's pulse.

    Args:
        version: the version to read.
        user_id: a normal id (R26); one that the version does not know gets 365 zero entries in the default zone.
    """
    pulse = version.pulses.get(user_id)
    if pulse is not None:
        return pulse
    line = version.lines.get(user_id)
    if line is None:
        return _looked_up(version, user_id)
    pulse = pulse_of(packed.learner(line))
    version.pulses.put(user_id, pulse)
    return pulse


def _looked_up(version: OpenVersion, user_id: str) -> Pulse:
    key = user_key(user_id)
    line = packed.line_of(version.blocks.of(key), key)
    if line is not None:
        found = packed.learner(line)
        if found.user_id == user_id:
            version.lines.put(user_id, line)
            return pulse_of(found)
    return nobodys_pulse(version)


def pulse_of(found: packed.Learner) -> Pulse:
    """Return what there is to say about a learner who was found."""
    cuts = tuple(cut for cut in (found.cut_2, found.cut_3, found.cut_4) if cut is not None)
    return Pulse(packed.body(found), found.timezone, found.population, cuts, is_known=True)


def nobodys_pulse(version: OpenVersion) -> Pulse:
    """Return the pulse of a learner whom a version does not know: zeros in the default zone (R14)."""
    end = version.default_window_end
    nobody = packed.Learner(
        "", version.default_timezone, "platform", None, None, None, end.isoformat(), 0, 0, 0, 0, end.year, ""
    )
    return pulse_of(nobody)._replace(is_known=False)
