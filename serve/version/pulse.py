"""A learner's pulse as the endpoint answers it: 365 entries, oldest first, and their totals (R12, R13, R14).

No id of a token gets into a query. A learner is found by the key, which no two learners of a version share. The id is
compared here, as text. So every id that JSON can hold is answered.
"""

from collections.abc import Callable

from serve.version import packed
from serve.version.open_version import OpenVersion
from serve.version.packed import Learner, Pulse
from warehouse.identifiers import user_key

Made = Callable[[OpenVersion, Learner], Pulse]


def learning_pulse(version: OpenVersion, user_id: str) -> Pulse:
    """Return a learner's pulse.

    Args:
        version: the version to read.
        user_id: a normal id (R26); one that the version does not know gets 365 zero entries in the default zone.
    """
    return looked_up(version, user_id, window_of)


def looked_up(
    version: OpenVersion, user_id: str, make: Made, form: str = "", encode: Callable[[bytes], bytes] = bytes
) -> Pulse:
    """Return an answer of a learner, looked up or as it was kept.

    Args:
        version: the version to read.
        user_id: a normal id (R26).
        make: makes the answer of what the version says of the learner.
        form: tells apart what is kept of one learner: the route, what was asked, and the encoding.
        encode: puts the body into the encoding; it is kept like that alone.
    """
    pulse = version.pulses.get(user_id, form)
    if pulse is not None:
        return pulse
    learner = version.learner(user_key(user_id))
    if learner is None or learner.user_id != user_id:
        return of_unknown(version, make, encode)
    pulse = _encoded(make(version, learner), encode)
    version.pulses.put(user_id, pulse, form)
    return pulse


def of_unknown(version: OpenVersion, make: Made, encode: Callable[[bytes], bytes] = bytes) -> Pulse:
    """Return the answer of a learner whom a version does not know: zeros in the default zone (R14)."""
    end = version.default_window_end
    learner = Learner(
        "", version.default_timezone, "platform", None, None, None, end.isoformat(), 0, 0, 0, 0, end.year, []
    )
    return _encoded(make(version, learner), encode)


def window_of(_: OpenVersion, learner: Learner) -> Pulse:
    """Return the pulse of a learner, as `Made` has it."""
    return pulse_of(learner)


def pulse_of(learner: Learner) -> Pulse:
    """Return the pulse of a learner."""
    return Pulse(packed.body(learner), learner.timezone, learner.population, learner.cuts, learner.is_known)


def _encoded(pulse: Pulse, encode: Callable[[bytes], bytes]) -> Pulse:
    return pulse._replace(body=encode(pulse.body))
