"""What a stream says of rows that its source purges, of instants that move, and of sessions that do not end.

Which streams may say it is checked here. What becomes of it is in `warehouse/lake/kept.py`, in
`assets/step2_land/moves/moved.py` (R23) and in `assets/step2_land/judge.sql` (R19).
"""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from warehouse.configuration.streams import EVENT_KINDS

LongSessions = Literal["quarantine", "cap", "no_length"]
# They say which days are read, and not what is in them. So what has landed stays as it is whatever they say (R23).
KEYS_OF_READING = ("keeps_days", "moves")


def retention_mistakes(stream: Mapping[str, Any], lookback_days: object) -> Iterator[str]:
    """Yield what is wrong about these keys of a stream, as TOML; a wrong type is told elsewhere.

    Args:
        stream: a section of the file.
        lookback_days: that of `[pulse]`.
    """
    kind = stream.get("kind")
    if "longer_than_24h" in stream and kind != "sessions":
        yield "longer_than_24h: it is for streams of kind sessions; delete it"
    for key in KEYS_OF_READING:
        if key in stream and kind not in EVENT_KINDS:
            yield f"{key}: it is for streams of events, which have days; delete it"
    keeps_days = stream.get("keeps_days")
    if isinstance(keeps_days, int) and isinstance(lookback_days, int) and keeps_days <= lookback_days:
        yield f"keeps_days: {keeps_days} has to be more than lookback_days ({lookback_days})"
