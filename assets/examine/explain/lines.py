"""An explanation as lines of text for support; no character of a source can break, move or colour one."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

from assets.examine.explain.explanation import Explanation
from assets.examine.explain.parts import MEASURES, ExplainedRow, Piece, Published, Source
from assets.examine.explain.reasons import reason_text
from assets.examine.finding import escaped
from warehouse.zones import zone_info

SECOND = 1_000_000
HOUR = timedelta(hours=1)
WIDTH = 14  # of the words before what is said
STATUS = {
    "known": "known",
    "deleted": "deleted in the source: none of the rows counts (R21)",
    "unknown": "not among the users: none of the rows counts (R21)",
}
UNITS = {
    "xp_earned": ("XP", "XP"),
    "learning_time": ("second", "seconds"),
    "sessions": ("session", "sessions"),
    "quizzes": ("quiz", "quizzes"),
    "quizzes_passed": ("passed", "passed"),
}
NOTHING_PUBLISHED = "nothing yet; run `pulse nightly`"


def lines_of(explanation: Explanation) -> Iterator[str]:
    """Yield an explanation line by line."""
    yield from _head(explanation)
    zone, day = explanation.timezone, explanation.day
    yield from _section("rows that count", [_counting(row, day) for row in explanation.counting])
    yield from _section("rows that do not count", [_not_counting(row, day) for row in explanation.not_counting])
    yield from _section("rows without an instant, of no date", [list(row) for row in explanation.undated])
    yield from _section("session time on the date", [_piece(piece, zone, day) for piece in explanation.pieces])
    yield from _section("the same, each instant once", [_piece(piece, zone, day) for piece in explanation.merged])
    yield from _section("sums", _sums(explanation))
    yield from _section("landings", _landings(explanation))
    yield from _section("restated", _restated(explanation))
    yield ""
    yield from _published(explanation)


def _head(explanation: Explanation) -> Iterator[str]:
    yield _line("learner", explanation.user_id)
    yield _line("status", STATUS[explanation.status])
    over = "over for the learner" if explanation.is_complete else "not over yet: it will still change"
    yield _line("date", f"{explanation.day}, {over}")
    hours = (explanation.ends_at - explanation.begins_at) / HOUR
    span = f"{explanation.begins_at} to {explanation.ends_at} UTC, {hours:g} hours"
    yield _line("zone", f"{explanation.timezone}: {span}")
    if _is_cut_otherwise(explanation):
        for each in explanation.stretches:
            yield _line("", f"UTC day {each.day} in {each.timezone}: {each.from_utc} to {each.until_utc} UTC")


def _is_cut_otherwise(explanation: Explanation) -> bool:
    """Tell whether the date is not all between its two midnights: another zone was in force on one day."""
    length = sum((each.until_utc - each.from_utc for each in explanation.stretches), timedelta())
    zones = {each.timezone for each in explanation.stretches}
    return zones != {explanation.timezone} or length != explanation.ends_at - explanation.begins_at


def _section(title: str, cells: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield a title and a table below it, whose last column is as wide as it is; nothing without rows."""
    if not cells:
        return
    rows = [[escaped(cell) for cell in row] for row in cells]
    widths = [max(len(row[column]) for row in rows if column < len(row) - 1) for column in range(_columns(rows) - 1)]
    yield ""
    yield f"{title}:"
    for row in rows:
        aligned = [cell.ljust(widths[column]) for column, cell in enumerate(row[:-1])]
        yield f"  {'  '.join([*aligned, row[-1]])}".rstrip()


def _columns(rows: Sequence[Sequence[str]]) -> int:
    return max(len(row) for row in rows)


def _counting(row: ExplainedRow, day: date) -> list[str]:
    what = [_amount(name, value) for name, value in row.adds.items()]
    if row.kind == "sessions":
        what.append(f"open {_seconds(row.open_microseconds)} of the date" if row.open_microseconds else "no time")
        if not row.adds:
            what.append("counted on the date of its start")
    if row.kind == "freezes":
        what.append("covers the date")
    return [row.stream, row.event_id or "", *_times(row, day), ", ".join(what) or "nothing"]


def _not_counting(row: ExplainedRow, day: date) -> list[str]:
    reason = f"{row.reason}: {reason_text(row.reason or '')}"
    source_row = f"; {row.source_row}" if row.source_row else ""
    return [row.stream, row.event_id or "", *_times(row, day), reason + source_row]


def _times(row: ExplainedRow, day: date) -> tuple[str, str]:
    """Return the instant in the learner's zone, of a session with its end, and in UTC; of an own date the date."""
    if row.has_own_date:
        return "own date", f"{row.instant:%Y-%m-%d}"
    until = f" to {_clock(row.ends_at, row.timezone, day)}" if row.kind == "sessions" else ""
    return f"{_clock(row.instant, row.timezone, day)}{until}", f"{row.instant} UTC"


def _clock(instant: datetime, timezone: str, day: date) -> str:
    """Return what a clock in the zone shows, with the date where it is another than the one that is explained."""
    local = instant.replace(tzinfo=UTC).astimezone(zone_info(timezone))
    return f"{local:%H:%M:%S}" if local.date() == day else f"{local:%Y-%m-%d %H:%M:%S}"


def _piece(piece: Piece, timezone: str, day: date) -> list[str]:
    names = [piece.stream, piece.event_id] if piece.stream else []
    local = " to ".join(_clock(instant, timezone, day) for instant in (piece.from_utc, piece.until_utc))
    return [*names, local, f"{piece.from_utc} to {piece.until_utc} UTC", _seconds(piece.microseconds)]


def _seconds(microseconds: int) -> str:
    seconds, rest = divmod(microseconds, SECOND)
    return f"{seconds:,}{f'.{rest:06}'.rstrip('0') if rest else ''} s"


def _amount(name: str, value: int) -> str:
    return f"{value:,} {UNITS[name][value != 1]}"


def _sums(explanation: Explanation) -> list[list[str]]:
    sums, measures = explanation.sums, explanation.sums.measures
    notes = dict.fromkeys(MEASURES, "")
    if sums.xp < 0:
        notes["xp_earned"] = f"the amounts add up to {sums.xp:,}, and a date is never below 0 (R6)"
    if sums.session_microseconds % SECOND:
        notes["learning_time"] = f"seconds; {_seconds(sums.session_microseconds)}, floored once (R7)"
    rows = [[name, f"{value:,}", notes[name]] for name, value in measures.items()]
    return [*rows, ["score", f"{explanation.score:,}", explanation.score_metric]]


def _landings(explanation: Explanation) -> list[list[str]]:
    return [[each.stream, str(each.day), _extracted(each, explanation)] for each in explanation.sources]


def _extracted(source: Source, explanation: Explanation) -> str:
    proven = f", proven {source.proven_at[:19]}" if source.proven_at != source.extracted_at else ""
    is_later = not source.is_in_version and explanation.published is not None
    return f"extracted {source.extracted_at[:19]}{proven}{', later than the version' if is_later else ''}"


def _restated(explanation: Explanation) -> list[list[str]]:
    return [
        [each["measure"], f"{each['old']:,} to {each['new']:,}", f"by {each['version']}", f"reason {each['reason']}"]
        for each in explanation.restatements
    ]


def _published(explanation: Explanation) -> Iterator[str]:
    published = explanation.published
    if published is None:
        yield _line("published", NOTHING_PUBLISHED)
        return
    yield _line("published", f"{published.version} {_verdict(explanation)}")
    if explanation.comparison != "equal":
        values = ", ".join(f"{name} {value:,}" for name, value in published.measures.items())
        yield _line("", f"it says {values}")
    yield _line("level", _level(published))


def _verdict(explanation: Explanation) -> str:
    return {
        "equal": "has the same numbers",
        "older": "is older than the lake; the next night, or `pulse build`, publishes these numbers",
        "other": "has other numbers of the same landings: `pulse build`, and `pulse reconcile` if they still differ",
    }[explanation.comparison]


def _level(published: Published) -> str:
    if published.level is None:
        return "none in this version, which has no year of the date"
    whose = {"own": "the learner's own", "platform": "all learners'", None: "no"}[published.population]
    cuts = ", ".join(f"{cut:,}" for cut in published.cuts) or "none"
    return f"{published.level} by {published.level_metric}; cuts {cuts}, of {whose} active days (R15 to R17)"


def _line(name: str, text: str) -> str:
    return f"{name:<{WIDTH}}{escaped(text)}"
