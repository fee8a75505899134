"""Forms in which a role's values stand in physical columns, each with the mapping that reads them.

A form takes a raw row as `tests/oracle/worlds.py` draws it and gives the cells of the columns that its role is read
from. What the cells mean is `oracle_mappings.py`'s matter, which alone decides; a form may well lose what its column
cannot hold. Which forms a stream has is `mappings.py`'s matter. Chance comes from outside, so that hypothesis can
shrink it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from tests.oracle.mapped.oracle_mappings import PER_SECOND, UUID_FORM, Cells, composite, text_of_id
from tests.oracle.oracle import EPOCH, instant, truth, whole_amount

if TYPE_CHECKING:
    from random import Random

RawRow = Mapping[str, object]
FAR = {"s": 10**12, "ms": 10**15, "us": 10**18, "ns": None}  # after the year 9999; nanoseconds of 64 bits end before
IDENTITIES = ("plain", "uuid", "fold", "prefix", "fold_prefix", "composite")
PREFIXES = ("b:", "\u00e9'%s ", "A-")
YES, NO, NEITHER = ("pass", "Y", "\u00e9"), ("fail", "N"), ("PASS", "pass ", "y", "", "e", "passed", None)
TIMES = (Decimal(10), Decimal("0.1"), Decimal("2.5"), Decimal(1000), Decimal("0.01"))
NUMBERS = ("int", "int", "decimal", "double")
OF_TEXTS = ("csv", "jsonl", "csv.gz", "ndjson.gz")  # dialects of files, as their names end
IN_FILES = (*OF_TEXTS, "parquet", "parquet")
LARGEST_OF_DOUBLES = 10**15  # up to here DuckDB spells a double without an exponent
MOST_OF_DUCKDB = 10**27  # of a decimal with 10 digits behind the point


@dataclass(frozen=True)
class Form:
    """How a role is read: what `columns` says of it, its columns with their kinds, the cells of a raw row.

    `broken` are cells that say nothing, or nothing that can be read.
    """

    mapped: Any
    kinds: Mapping[str, str]
    cells: Callable[[RawRow], Cells]
    broken: Sequence[Cells] = ()


@dataclass(frozen=True)
class Where:
    """What a form depends on: chance, the database, and the zone of the stream's instants."""

    random: Random
    dialect: str
    timezone: str = "UTC"

    @property
    def is_sqlite(self) -> bool:
        """Whether columns hold whatever they are given."""
        return self.dialect == "sqlite"

    @property
    def is_of_texts(self) -> bool:
        """Whether all columns are text, as in files of CSV and JSON lines."""
        return self.dialect in OF_TEXTS

    @property
    def may_be_text(self) -> bool:
        """Whether a column of numbers may hold texts."""
        return self.is_sqlite or self.is_of_texts


def plain(where: Where, role: str, column: str) -> Form:
    """The column's own values are the role's."""
    return Form(column, {column: f"plain {role}"}, lambda row: {column: _held(where, role, row.get(role))})


def _held(where: Where, role: str, value: object) -> object:
    """What of a value MariaDB or DuckDB can hold: no infinite instant in MariaDB, and in neither an infinite number."""
    if where.dialect in ("duckdb", "parquet") and isinstance(value, Decimal):
        return value if value.is_finite() and abs(value) < MOST_OF_DUCKDB else None
    if where.dialect == "mysql" and role.endswith("_at") and isinstance(value, str):
        return None
    is_number = isinstance(value, Decimal)
    return None if where.dialect == "mysql" and is_number and not Decimal(str(value)).is_finite() else value


# --- instants and lengths -------------------------------------------------------------------------------------------


def since_1970(where: Where, role: str, column: str) -> Form:
    """A number since 1970, now and then one that means that there is none; a few are text where that is possible."""
    random, unit = where.random, where.random.choice([*PER_SECOND])
    kind = random.choice((*NUMBERS, "loose")) if where.is_sqlite else random.choice(NUMBERS)
    never = random.choice(((), (0,), (0, -1)))
    far = [number for number in (FAR[unit], -(FAR[unit] or 0) or None) if number is not None]

    def cell(raw: object) -> object:
        if raw is None:
            return random.choice((None, *never))
        at = instant(raw, where.timezone)
        if at is None:
            return random.choice((None, "soon" if where.may_be_text else None, *far))
        if where.may_be_text and random.random() < 0.1:
            moment = EPOCH + timedelta(microseconds=at)
            return random.choice((moment.isoformat(), f"{moment:%Y-%m-%d %H:%M:%S.%f}"))
        return as_number(where, kind, Decimal(at) * PER_SECOND[unit] / 10**6, random.randrange(1000) * (unit == "ns"))

    mapped = {"column": column, "unit": unit, **({"never": list(never)} if never else {})}
    odd: list[object] = [None, *never, *far]
    odd += ["soon"] if where.may_be_text else []
    odd += [b"1741500000"] if where.is_sqlite else []
    odd += ["1741500000"] if kind == "loose" else []
    odd += [Decimal("NaN")] if where.dialect == "postgresql" and kind == "decimal" else []
    return Form(mapped, {column: kind}, lambda row: {column: cell(row.get(role))}, [{column: value} for value in odd])


def as_number(where: Where, kind: str, number: Decimal, more: int = 0) -> object:
    """A number as a column of a kind holds it; SQLite has no decimals."""
    if kind == "int":
        return int(number.to_integral_value("ROUND_FLOOR")) + more
    if kind == "text":
        return f"{number:f}"
    if kind == "double" or where.is_sqlite:
        return float(number) if number != number.to_integral_value() or kind == "double" else int(number)
    return Decimal(f"{number:f}")  # 1E+1 is ten, and DuckDB 1.5 binds it as 1


def length(where: Where, column: str) -> Form:
    """How long a session was, instead of when it ended."""
    unit, kind = where.random.choice([*PER_SECOND]), where.random.choice(NUMBERS)

    def cells(row: RawRow) -> Cells:
        started, ended = (instant(row.get(role), where.timezone) for role in ("started_at", "ended_at"))
        if started is None or ended is None:
            return {column: where.random.choice((None, 60))}
        return {column: as_number(where, kind, Decimal(ended - started) * PER_SECOND[unit] / 10**6)}

    odd: list[object] = [None, -1, "an hour" if where.may_be_text else None, 9 * 10**17]
    return Form({"column": column, "unit": unit}, {column: kind}, cells, [{column: value} for value in odd])


# --- ids ------------------------------------------------------------------------------------------------------------


def as_uuid(raw: object) -> UUID:
    """An id as a UUID: itself, or one that is made of it, with a version: MariaDB refuses what no standard names."""
    text = text_of_id(raw) or repr(raw)
    return UUID(text) if UUID_FORM.fullmatch(text) else UUID(bytes=hashlib.md5(text.encode()).digest(), version=4)


def parts_of(raw: object) -> tuple[object, object]:
    """An id in two parts, neither of which is enough."""
    if isinstance(raw, int):
        return raw // 4, raw % 4
    text = text_of_id(raw)
    if text is None or UUID_FORM.fullmatch(text):
        return "u:\\", raw
    return text[: len(text) // 2] + ":", text[len(text) // 2 :] + "\\"


def is_empty(raw: object) -> bool:
    """Whether an id says nothing."""
    return raw is None or raw in ("", b"")


def identified(where: Where, role: str, column: str, identity: str, prefix: str) -> Form:
    """An id by which learners (or events) are known under one spelling, whatever the column's own."""
    random = where.random
    if identity == "plain":
        return plain(where, role, column)
    if identity == "uuid":
        return uuid_form(where, role, column)
    if identity == "composite":
        return composite_form(where, role, column)
    is_folded, put = identity.startswith("fold"), prefix if identity.endswith("prefix") else ""

    def spelled(raw: object) -> object:
        if not is_folded or not isinstance(raw, str):
            return raw
        return "".join(random.choice((c.upper(), c.lower())) if c.isascii() else c for c in raw)

    def canonical(raw: object) -> object:
        text = None if is_empty(raw) else text_of_id(raw)
        if text is None:
            return raw
        return put + ("".join(c.lower() if c.isascii() else c for c in text) if is_folded else text)

    options = {**({"fold_case": True} if is_folded else {}), **({"prefix": put} if put else {})}
    empty: list[Cells] = [{column: None}]
    empty += [{column: ""}, {column: b"\xff"}] if where.is_sqlite else []
    if random.random() < 0.25:  # this table has the spelling that the others are read as
        return Form(column, {column: "text"}, lambda row: {column: canonical(row.get(role))}, empty)
    return Form({"column": column, **options}, {column: "id"}, lambda row: {column: spelled(row.get(role))}, empty)


def uuid_form(where: Where, role: str, column: str) -> Form:
    """A UUID: 16 bytes, hex digits in any case with dashes or without, or the database's own type."""
    random, kind = where.random, where.random.choice(("bytes", "text", "text", "uuid"))
    kind = "text" if kind == "bytes" and where.is_of_texts else kind
    is_plain = kind != "bytes" and random.random() < 0.3

    def cell(raw: object) -> object:
        if is_empty(raw) or (kind == "text" and text_of_id(raw) is None):
            return raw if kind == "text" else None
        uuid = as_uuid(raw)
        if kind == "bytes":
            return uuid.bytes
        if kind == "uuid":
            return uuid if where.dialect == "postgresql" else str(uuid)
        hexadecimal = str(uuid) if is_plain else random.choice((uuid.hex, str(uuid)))
        return random.choice((hexadecimal, hexadecimal.upper()))

    no_uuids = ("no uuid", f"{{{UUID(int=7)}}}", f"urn:uuid:{UUID(int=7)}", " " + "a" * 31, "1_2" + "3" * 29, "")
    broken: list[Cells] = [{column: None}]
    broken += [{column: text} for text in no_uuids] if kind == "text" and not is_plain else []
    broken += [{column: b"\xff\xfe"}] if kind == "bytes" and where.dialect != "mysql" else []
    mapped = column if is_plain else {"column": column, "as": "uuid"}
    return Form(mapped, {column: kind}, lambda row: {column: cell(row.get(role))}, broken)


def composite_form(where: Where, role: str, column: str) -> Form:
    """A key of two columns, or in one table out of four the text that others are read as."""
    columns = [f"{column} 1", f"{column} 2"]

    def cells(row: RawRow) -> Cells:
        raw = row.get(role)
        parts = parts_of(raw) if raw is not None else where.random.choice(((None, raw), (raw, None)))
        return dict(zip(columns, parts, strict=True))

    if where.random.random() < 0.25:
        return Form(column, {column: "text"}, lambda row: {column: composite([*cells(row).values()])})
    broken: list[Cells] = [{name: None} for name in columns]
    return Form(columns, dict.fromkeys(columns, "id"), cells, broken)


# --- amounts and flags ----------------------------------------------------------------------------------------------


def multiplied(where: Where, column: str) -> Form:
    """An amount that is a product, with fractions where the mapping rounds."""
    random, times = where.random, where.random.choice(TIMES)
    kind, is_rounded = random.choice(("int", "decimal", "double", "text")), random.random() < 0.6

    def cells(row: RawRow) -> Cells:
        amount = whole_amount(row.get("amount"))
        if amount is None:
            return {column: None}
        more = random.choice((Decimal(0), Decimal("0.5"), Decimal("-0.5"), Decimal("0.25"), Decimal("0.499")))
        return {column: as_number(where, kind, (amount + (more if is_rounded else 0)) / times)}

    mapped = {"column": column, "times": times, **({"round": "half_up"} if is_rounded else {})}
    odd: list[object] = [None, 10**15]
    odd += ["many", "1_0", "\u0663", "nan", ""] if kind == "text" else []
    odd += ["many"] if where.may_be_text else []
    return Form(mapped, {column: kind}, cells, [{column: value} for value in odd])


def constant(where: Where) -> Form:
    """Every row has one amount."""
    return Form({"value": where.random.choice((1, 10, -2))}, {}, lambda _: {})


def listed(where: Where, role: str, column: str) -> Form:
    """A flag as one of some values that say yes or no; others, which a collation may take for equal, say nothing."""
    random = where.random
    kind, yes, no, neither = random.choice(
        (
            ("words", YES, NO, NEITHER),
            ("int", (2, 3), (0,), (1, -1, None)),
            ("decimal", (Decimal("0.5"), 1), (Decimal("0.1"),), (Decimal("0.25"), None)),
            ("bool", (True,), (False,), (None,)),
        )
    )

    def cells(row: RawRow) -> Cells:
        says = truth(row.get(role))
        value = random.choice(neither if says is None else yes if says else no)
        return {column: as_number(where, kind, value) if isinstance(value, Decimal) else value}

    broken: list[Cells] = [
        {column: as_number(where, kind, value) if isinstance(value, Decimal) else value} for value in neither
    ]
    return Form({"column": column, "true": list(yes), "false": list(no)}, {column: kind}, cells, broken)


def scored(where: Where, column: str) -> Form:
    """A score and what is enough of it, alone or as a share of another column."""
    random, kind = where.random, where.random.choice(("int", "decimal", "double", "text"))
    enough, has_highest = random.choice((Decimal("0.5"), Decimal("0.6"), Decimal(1))), random.random() < 0.7
    most = f"{column} of"

    def cells(row: RawRow) -> Cells:
        says = truth(row.get("passed"))
        highest = Decimal(random.choice((10, 15, 30)) if has_highest else 1)
        beside = Decimal(random.choice((0, 0, 2))) if says else Decimal(random.choice(("-0.1", "-1")))
        score = None if says is None else as_number(where, kind, enough * highest + beside)
        return {column: score, **({most: as_number(where, kind, highest)} if has_highest else {})}

    mapped = {"column": column, "at_least": enough, **({"of": most} if has_highest else {})}
    broken: list[Cells] = [{column: None}]
    broken += [{column: "n/a"}] if kind == "text" or where.may_be_text else []
    zero = "0.0" if kind == "text" else 0
    broken += [{most: None}, {most: zero}, {most: "-1" if kind == "text" else -1}] if has_highest else []
    return Form(mapped, {column: kind, **({most: kind} if has_highest else {})}, cells, broken)


def deleted(where: Where, column: str) -> Form:
    """A learner who is deleted, by a list of states or by a flag; what is in no list is not deleted."""
    if where.random.random() < 0.5:
        states = ("here", "DELETED", "deleted ", None)
        mapped = {"column": column, "true": ["deleted", "gone"]}
        return Form(
            mapped,
            {column: "words"},
            lambda row: {column: where.random.choice(states if row.get("deleted_at") is None else mapped["true"])},
        )
    flags = (False, None)
    return Form(
        column,
        {column: "bool"},
        lambda row: {column: True if row.get("deleted_at") is not None else where.random.choice(flags)},
    )


def day_of(where: Where, role: str) -> Callable[[RawRow], date | str | None]:
    """Return what gives the UTC day of a raw row, as a column that an index would stand on."""

    def day(row: RawRow) -> date | str | None:
        at = instant(row.get(role), where.timezone)
        found = None if at is None else (EPOCH + timedelta(microseconds=at)).date()
        return found.isoformat() if found is not None and where.is_sqlite else found

    return day


# --- files of texts -------------------------------------------------------------------------------------------------


def in_file(where: Where, value: object) -> object:
    """A value as a file holds it: in CSV a text, in JSON lines a number or a flag, too; elsewhere itself."""
    if not where.is_of_texts or value is None:
        return value
    is_json = "json" in where.dialect
    if isinstance(value, str):
        return value or (value if is_json else None)  # an empty field is null
    if is_json and _is_exact_in_json(value) and where.random.random() < 0.7:
        has_point = isinstance(value, int) and abs(value) < LARGEST_OF_DOUBLES and where.random.random() < 0.3
        is_float = isinstance(value, Decimal) or (has_point and not isinstance(value, bool))
        return float(value) if is_float and isinstance(value, int | Decimal) else value
    return where.random.choice(_texts(value))


def _texts(value: object) -> Sequence[str]:
    """The texts that say a value."""
    if isinstance(value, bool):
        return str(value).lower(), str(int(value))
    if isinstance(value, datetime):
        return _texts_of_instant(value)
    if isinstance(value, UUID):
        return str(value), str(value).upper()
    return [f"{value:f}" if isinstance(value, Decimal) else str(value)]


def _is_exact_in_json(value: object) -> bool:
    """Whether JSON says the value: a number with a fraction is as exact as a double there."""
    if isinstance(value, Decimal):
        return value.is_finite() and abs(value) < LARGEST_OF_DOUBLES and Decimal(repr(float(value))) == value
    return isinstance(value, int | float)


def _texts_of_instant(value: datetime) -> list[str]:
    """An instant as text, with its zone or without one, as it is."""
    zone = value.isoformat()[len(value.replace(tzinfo=None).isoformat()) :]
    texts = [value.isoformat(), value.isoformat(sep=" "), f"{value:%Y-%m-%dT%H:%M:%S.%f}789{zone}"]
    texts += [text.replace("+00:00", "Z") for text in texts]
    return texts if value.second or value.microsecond else [*texts, f"{value:%Y-%m-%d %H:%M}{zone}"]
