"""A learner's pulse as the endpoint answers it: 365 entries, oldest first, and their totals (R12, R13, R14).

No id of a token gets into a query. A learner is found by the key, which no two learners of a version share. The id is
compared here, as text. So every id that JSON can hold is answered.
"""

from collections.abc import Callable

from serve.version import packed
from serve.version.open_version import OpenVersion
from serve.version.packed import Pulse
from warehouse.identifiers import user_key


def learning_pulse(
    version: OpenVersion, user_id: str, form: str = "", encode: Callable[[bytes], bytes] = bytes
) -> Pulse:
    """Return a learner's pulse.

    Args:
        version: the version to read.
        user_id: a normal id (R26); one that the version does not know gets 365 zero entries in the default zone.
        form: tells apart what is kept of one learner. There is one route, which takes no query, so it is the encoding.
        encode: puts the body into that form; it is kept like that alone.
    """
    pulse = version.pulses.get(user_id, form)
    if pulse is not None:
        return pulse
    learner = version.learner(user_key(user_id))
    if learner is None or learner.user_id != user_id:
        return unknown_pulse(version, encode)
    pulse = _encoded(pulse_of(learner), encode)
    version.pulses.put(user_id, pulse, form)
    return pulse


def _encoded(pulse: Pulse, encode: Callable[[bytes], bytes]) -> Pulse:
    return pulse._replace(body=encode(pulse.body))


def pulse_of(learner: packed.Learner) -> Pulse:
    """Return the pulse of a learner of the version."""
    cuts = tuple(cut for cut in (learner.cut_2, learner.cut_3, learner.cut_4) if cut is not None)
    return Pulse(packed.body(learner), learner.timezone, learner.population, cuts, is_known=True)


def unknown_pulse(version: OpenVersion, encode: Callable[[bytes], bytes] = bytes) -> Pulse:
    """Return the pulse of a learner whom a version does not know: zeros in the default zone (R14).

    Args:
        version: the version.
        encode: puts the body into the form that it travels in.
    """
    end = version.default_window_end
    learner = packed.Learner(
        "", version.default_timezone, "platform", None, None, None, end.isoformat(), 0, 0, 0, 0, end.year, []
    )
    return _encoded(pulse_of(learner), encode)._replace(is_known=False)
