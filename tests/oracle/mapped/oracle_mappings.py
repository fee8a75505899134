"""What a mapping says of a physical row, for the oracle: filters, numbers since 1970, keys of several columns, lists.

Plain Python over the values that a database holds, written from docs/RULES.md and docs/guide/connect.md and sharing no
code with the product. What comes out is a raw row as `tests/oracle/oracle.py` reads it: an instant that cannot be read
is a text that is none, an id that cannot be read is no UTF-8. How mappings are drawn is `mappings.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any
from uuid import UUID

from tests.oracle.oracle import EPOCH, instant, text_of, truth, utc_day

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Cells = dict[str, object]
UNREADABLE, NO_TEXT = "unreadable", b"\xff"
FILE_DAY = "{day}"  # beside the cells of a row, the day of the file that it stands in
PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
DELETED = datetime(1971, 1, 1, tzinfo=UTC)
NUMBER = re.compile(r"\s*[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?\s*")
UUID_FORM = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
OF_INSTANTS = ("occurred_at", "started_at", "ended_at", "last_activity_at", "updated_at", "deleted_at")


@dataclass(frozen=True)
class StreamMapping:
    """What `[streams.NAME]` says of its rows: `columns` and `where` as in the file, `timezone` of what carries none.

    `bounded_by` is a column of the day that a query bounds itself by: rows without a day are not in its result.
    `is_of_texts`: numbers since 1970 may be texts, as everything is in files of CSV and JSON lines.
    """

    kind: str
    columns: Mapping[str, Any]
    where: Sequence[Mapping[str, Any]] = field(default=())
    timezone: str = "UTC"
    bounded_by: str | None = None
    longer_than_24h: str = "quarantine"
    is_of_texts: bool = False


def decoded(mapping: StreamMapping, cells: Cells) -> dict[str, object] | None:
    """A physical row as roles, None if there is no such row (R1: `where`, `never`; bounds of a query; R2: files)."""
    if mapping.bounded_by is not None and cells[mapping.bounded_by] is None:
        return None
    if not all(fulfils(row_filter, cells[row_filter["column"]]) for row_filter in mapping.where):
        return None
    own_instant = "started_at" if mapping.kind == "sessions" else "occurred_at"
    mapped_to = mapping.columns.get(own_instant)
    if isinstance(mapped_to, dict) and is_any_of(cells[mapped_to["column"]], mapped_to.get("never", ())):
        return None
    if FILE_DAY in cells and (days := days_of_files(mapping, cells)) and cells[FILE_DAY] not in days:
        return None
    row = {role: value_of(mapping, role, mapped, cells) for role, mapped in mapping.columns.items()}
    if "duration" in row:
        row["ended_at"] = end_of(instant(row.get("started_at"), mapping.timezone), row.pop("duration"))
    if "is_deleted" in row:
        row["deleted_at"] = row.pop("is_deleted")
    return row


def days_of_files(mapping: StreamMapping, cells: Cells) -> list[date]:
    """The days of whose files a row may be (R2): its own, and those beside it where its order may differ (R1).

    None of them if the row has no day: it may stand in any file.
    """
    own_instant = "started_at" if mapping.kind == "sessions" else "occurred_at"
    value = value_of(mapping, own_instant, mapping.columns[own_instant], cells)
    at = instant(value, mapping.timezone)
    if at is None:
        return []
    has_order = isinstance(value, datetime) and value.tzinfo is not None
    if has_order or (mapping.timezone == "UTC" and not isinstance(value, str)):
        return [utc_day(at)]
    spelled = date.fromisoformat(str(value)[:10])
    return [spelled + timedelta(days=days) for days in (-1, 0, 1)]


def value_of(mapping: StreamMapping, role: str, mapped: Any, cells: Cells) -> object:
    """The value of a role: the column's own, or what its table makes of it."""
    if isinstance(mapped, list):
        return composite([cells[column] for column in mapped])
    if role == "is_deleted":
        return deletion(mapped, cells)
    if isinstance(mapped, str):
        value = cells[mapped]
        is_whole = role in ("event_id", "user_id") and isinstance(value, float) and value.is_integer()
        return text_of_id(value) if is_whole else value  # R26
    if "value" in mapped:
        return mapped["value"]
    value = cells[mapped["column"]]
    if mapping.is_of_texts and "unit" in mapped and isinstance(value, str) and number(value) is not None:
        value = Decimal(value)
    return value_of_table(role, mapped, value, cells)


def value_of_table(role: str, mapped: Mapping[str, Any], value: object, cells: Cells) -> object:
    """The value of a role whose table names a column."""
    if role in ("event_id", "user_id"):
        return spelled_id(mapped, value)
    if role == "amount":
        return product(mapped, value)
    if role in ("passed", "is_public"):
        return outcome(mapped, value, cells[mapped["of"]] if "of" in mapped else 1)
    if role == "duration":
        return None if value is None else microseconds(value, mapped["unit"])
    return moment(role, mapped, value)


# --- filters and lists ----------------------------------------------------------------------------------------------


def fulfils(row_filter: Mapping[str, Any], value: object) -> bool:
    """Whether a row has what one entry of `where` asks of it; `is_not` keeps a null."""
    if "is" in row_filter and not is_any_of(value, row_filter["is"]):
        return False
    if "is_not" in row_filter and is_any_of(value, row_filter["is_not"]):
        return False
    if row_filter.get("not_null") and value is None:
        return False
    held: Any = number(value) if isinstance(value, str) else value
    if "at_least" in row_filter and (held is None or held < row_filter["at_least"]):
        return False
    return "below" not in row_filter or (held is not None and held < row_filter["below"])


def is_any_of(value: object, listed: Sequence[object]) -> bool:
    """Whether a value is in a list: a text to the letter, `true` as JSON spells it, a number by its value; no null."""
    if isinstance(value, str) and value in [str(one).lower() if isinstance(one, bool) else one for one in listed]:
        return True
    held = number(value)
    return held is not None and any(number(one) == held for one in listed if not isinstance(one, str))


def number(value: object) -> Fraction | None:
    """A number as exactly what it says, a float as its shortest decimal; None if it is none."""
    if isinstance(value, bytes):
        value = text_of(value)
    if isinstance(value, str):
        return Fraction(Decimal(value.strip())) if NUMBER.fullmatch(value) else None
    if not isinstance(value, int | float | Decimal):
        return None
    exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    return Fraction(exact) if exact.is_finite() else None


# --- ids ------------------------------------------------------------------------------------------------------------


def text_of_id(value: object) -> str | None:
    """An id as text by R26: whole numbers in decimal, UUIDs in lower case; None if it is no UTF-8."""
    if isinstance(value, float | Decimal) and value == int(value):
        value = int(value)
    if isinstance(value, bytes):
        try:
            value = value.decode()
        except UnicodeDecodeError:
            return None
    text = str(value)
    return text.lower() if UUID_FORM.fullmatch(text) else text


def composite(parts: Sequence[object]) -> object:
    r"""A key of several columns: its parts joined by `:`, with `\` before `:` and `\` in them (R20)."""
    if any(part is None for part in parts):
        return None
    texts = [text_of_id(part) for part in parts]
    if any(text is None for text in texts):
        return NO_TEXT
    return ":".join(re.sub(r"([\\:])", r"\\\1", text) for text in texts if text is not None)


def spelled_id(mapped: Mapping[str, Any], value: object) -> object:
    """An id of one column that is read as a UUID, folded or prefixed (R26); what is empty stays empty."""
    if value is None or value in ("", b""):
        return None
    text = uuid_of(value) if mapped.get("as") == "uuid" else text_of_id(value)
    if text is None:
        return NO_TEXT
    if mapped.get("fold_case"):
        text = "".join(chr(ord(letter) + 32) if "A" <= letter <= "Z" else letter for letter in text)
    return str(mapped.get("prefix", "")) + text


def uuid_of(value: object) -> str | None:
    """A UUID of 16 bytes or in hex digits, with all dashes or none, in lower case; None if it is none."""
    if isinstance(value, bytes) and len(value) == 16:
        return str(UUID(bytes=value))
    text = text_of(value)
    if text is None or not (UUID_FORM.fullmatch(text) or re.fullmatch(r"[0-9a-fA-F]{32}", text)):
        return None
    return str(UUID(text))


# --- instants and lengths -------------------------------------------------------------------------------------------


def moment(role: str, mapped: Mapping[str, Any], value: object) -> object:
    """An instant that is a number since 1970, rounded down to microseconds; in SQLite it may be text (R1)."""
    if value is None or is_any_of(value, mapped.get("never", ())):
        return None
    if "unit" not in mapped or isinstance(value, str):
        at = instant(value, "UTC")
        return UNREADABLE if at is None else EPOCH + timedelta(microseconds=at)
    if role == "deleted_at" and (number(value) == 0 or str(value).lower() in ("inf", "infinity")):
        return None  # R3: zero and infinity are not deleted
    since = None if isinstance(value, bytes) else number(value)
    if since is None:
        return UNREADABLE
    try:
        return EPOCH + timedelta(microseconds=(since * 10**6 / PER_SECOND[mapped["unit"]]).__floor__())
    except OverflowError:
        return UNREADABLE


def microseconds(value: object, unit: str) -> int | str:
    """A length in microseconds, what is beyond cut off."""
    length = number(value)
    return UNREADABLE if length is None else int(length * 10**6 / PER_SECOND[unit])


def end_of(started_at: int | None, length: object) -> object:
    """When a session ended that was so long (R8)."""
    if started_at is None or not isinstance(length, int):
        return length if started_at is not None else None
    try:
        return EPOCH + timedelta(microseconds=started_at + length)
    except OverflowError:
        return UNREADABLE


# --- amounts and flags ----------------------------------------------------------------------------------------------


def product(mapped: Mapping[str, Any], value: object) -> object:
    """An amount times a number, exactly; a fraction is rounded, halves away from zero, where the mapping says so."""
    factor = number(value)
    if value is None or factor is None:
        return UNREADABLE
    times = number(mapped.get("times", 1))
    assert times is not None
    amount = factor * times
    if amount.denominator != 1 and "round" not in mapped:
        return UNREADABLE
    away = (abs(amount) + Fraction(1, 2)).__floor__()
    return away if amount > 0 else -away


def outcome(mapped: Mapping[str, Any], value: object, of: object) -> object:
    """Whether a score is enough, or what a list says of a value (R19)."""
    if "at_least" in mapped:
        score, highest, enough = number(value), number(of), number(mapped["at_least"])
        if score is None or highest is None or highest <= 0 or enough is None:
            return UNREADABLE
        return score >= enough * highest
    if is_any_of(value, mapped.get("true", ())):
        return True
    return False if is_any_of(value, mapped.get("false", ())) else UNREADABLE


def deletion(mapped: Any, cells: Cells) -> object:
    """A learner's `is_deleted` as a `deleted_at`: by a list, or by a column that is true (R3)."""
    if isinstance(mapped, dict):
        return DELETED if is_any_of(cells[mapped["column"]], mapped["true"]) else None
    value = cells[mapped]
    says = truth(value)
    return UNREADABLE if says is None and value is not None else DELETED if says else None
