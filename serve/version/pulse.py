"""A learner's pulse as the endpoint answers it: 365 entries, oldest first, and their totals (R12, R13, R14).

No id of a token gets into a query. A block is found by the learner's key, which no two learners of a version share. The
id is compared here, as text. So every id that JSON can hold is answered.
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
        learner = packed.learner(line)
        if learner.user_id == user_id:
            version.lines.put(user_id, line)
            return pulse_of(learner)
    return unknown_pulse(version)


def pulse_of(learner: packed.Learner) -> Pulse:
    """Return the pulse of a learner of the version."""
    cuts = tuple(cut for cut in (learner.cut_2, learner.cut_3, learner.cut_4) if cut is not None)
    return Pulse(packed.body(learner), learner.timezone, learner.population, cuts, is_known=True)


def unknown_pulse(version: OpenVersion) -> Pulse:
    """Return the pulse of a learner whom a version does not know: zeros in the default zone (R14)."""
    end = version.default_window_end
    learner = packed.Learner(
        "", version.default_timezone, "platform", None, None, None, end.isoformat(), 0, 0, 0, 0, end.year, ""
    )
    return pulse_of(learner)._replace(is_known=False)
