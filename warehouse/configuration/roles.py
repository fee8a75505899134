"""How a role is read from one column or more: the tables that may stand in `columns` instead of a name, and `where`.

A plain name reads a column whose values are what the role means. A table says what else they are: seconds since 1970, a
score and what is enough of it, a key of several columns. What it says is checked here against the role; what it does
with values is `assets/step1_extract/values/mapped_values.py`, and with rows `assets/step1_extract/selects/filters.py`.
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, model_validator

from warehouse.configuration.formats import InstantFormat
from warehouse.configuration.learners.lookups import Lookup
from warehouse.configuration.streams import MAY_BE_A_DATE, ValueType
from warehouse.identifiers import folded, normal_id, uuid_of

NAME, KEY, TABLE = TAGS = ("a name", "a key", "a table")  # which pydantic puts into the places of mistakes
Unit = Literal["s", "ms", "us", "ns"]
Scalar: TypeAlias = bool | int | Decimal | str
Name = Annotated[str, Field(min_length=1)]
LARGEST_AMOUNT = 10**12  # R19
MOST_SECONDS_A_DATE = 90_000  # 25 hours, R19
PER_SECOND: Mapping[Unit, int] = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
# What a table may say beside its column, by the type of the role's values.
OPTIONS: Mapping[str, tuple[str, ...]] = {
    "id": ("as", "fold_case", "prefix", "lookup"),
    "instant": ("unit", "format", "never", "date"),
    "date": (),
    "amount": ("times", "round", "value"),
    "boolean": ("true", "false", "at_least", "of"),
    "text": (),
    "number": (),
    "duration": ("unit",),
}


def _exact(value: object) -> object:
    """Take a number for the decimal that is written: 0.1 is a tenth."""
    return Decimal(repr(value)) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _plain(value: object) -> object:
    """Take a date or a time of TOML for its text, and a number with a fraction for the decimal that is written."""
    if isinstance(value, date | datetime):
        return value.isoformat()
    return _exact(value) if isinstance(value, float) else value


def _a_format(text: str) -> str:
    InstantFormat.of(text)
    return text


Number = Annotated[Decimal, BeforeValidator(_exact)]
Value = Annotated[Annotated[Scalar, Field(union_mode="left_to_right")], BeforeValidator(_plain)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, strict=True)


class Spelling(BaseModel):
    """How an id is spelled otherwise than by us, the same in a source, a token and a table of API keys (R26).

    Args:
        as_: `uuid` for an id that is 16 bytes or 32 hex digits, in any case.
        fold_case: whether A to Z of an id are read as a to z.
        prefix: what is put before an id, for learners of several places.
    """

    as_: Literal["uuid"] | None = Field(default=None, alias="as")
    fold_case: Annotated[bool, Field(strict=True)] = False
    prefix: str = ""

    def spelled(self, value: str | bytes) -> str:
        """Return the normal id: a prefix stands before the id that it would be without one, and empty stays empty.

        Raises:
            ValueError: it is no UUID and should be, or no UTF-8.
        """
        text = self.without_prefix(value)
        return normal_id(self.prefix + text) if text else text

    def without_prefix(self, value: str | bytes) -> str:
        """Return an id as we spell it but for the prefix.

        Raises:
            ValueError: it is no UUID and should be, or no UTF-8.
        """
        if not value:
            return ""
        text = uuid_of(value) if self.as_ == "uuid" else value.decode() if isinstance(value, bytes) else value
        text = normal_id(text)
        return folded(text) if self.fold_case else text


class Mapped(_Part, Spelling):
    """A role's table: `{ column = "timefinish", unit = "s" }` and the like; of an id also how it is spelled.

    Args:
        column: the column; none for `value`.
        lookup: the table that says whose the ids of events are; then `prefix` is of the learner's id.
        unit: of a number: seconds since 1970, or of a duration, and so on.
        format: of a text: how an instant is spelled (`formats.py`).
        never: values that mean that there is no such row yet.
        times: what an amount is multiplied by.
        round: `half_up` if the product may have a fraction.
        value: the amount of every row.
        true: the values that mean yes.
        false: the values that mean no.
        at_least: the score that is enough; a share of `of` where that is given.
        of: the column of the highest score.
        date: `local` if the column is a date without a time, the learner's own.
    """

    column: Name | None = None
    lookup: Lookup | None = None
    unit: Unit | None = None
    format: Annotated[str, AfterValidator(_a_format)] | None = None
    never: tuple[Value, ...] = Field(default=(), strict=False)
    times: Number | None = None
    round: Literal["half_up"] | None = None
    value: int | None = Field(default=None, ge=-LARGEST_AMOUNT, le=LARGEST_AMOUNT)
    true: tuple[Value, ...] = Field(default=(), strict=False)
    false: tuple[Value, ...] = Field(default=(), strict=False)
    at_least: Number | None = None
    of: Name | None = None
    date: Literal["local"] | None = None

    @model_validator(mode="after")
    def _has_what_belongs_together(self) -> Self:
        if (self.column is None) == (self.value is None):
            raise ValueError("a role has a column, or a value for every row, as in { value = 1 }")
        if self.of is not None and self.at_least is None:
            raise ValueError("of needs at_least, the share of it that is enough")
        if self.at_least is not None and (self.true or self.false):
            raise ValueError("at_least and lists of values exclude each other")
        if self.format is not None and self.unit is not None:
            raise ValueError("a text of a format has no unit; leave one of them")
        if self.round is not None and self.times is None:
            raise ValueError("round needs times")
        if self.date is not None and (self.unit is not None or self.format is not None or self.never):
            raise ValueError("date excludes unit, format and never, which are of instants")
        return self

    @property
    def inputs(self) -> dict[str, str]:
        """The columns that are read, by what follows the role's name: nothing for the first, `.of` for the highest."""
        columns = {"": self.column, ".of": self.of}
        return {suffix: name for suffix, name in columns.items() if name is not None}


class Composite(_Part):
    """A key of several columns, in their order: `event_id = ["learner_id", "lesson_id"]`."""

    columns: tuple[Name, ...] = Field(min_length=1, strict=False)

    @property
    def inputs(self) -> dict[str, str]:
        """The columns that are read, by what follows the role's name."""
        return {f".{number}": name for number, name in enumerate(self.columns, start=1)}


class Filter(_Part):
    """One of `where`: which rows of a stream there are, by the raw value of a column."""

    column: Name
    is_: tuple[Value, ...] = Field(default=(), alias="is", strict=False)
    is_not: tuple[Value, ...] = Field(default=(), strict=False)
    not_null: bool = False
    at_least: Value | None = None
    below: Value | None = None

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if not (self.is_ or self.is_not or self.not_null) and self.at_least is None and self.below is None:
            raise ValueError("it asks nothing; write is, is_not, not_null, at_least or below")
        return self


def _form(value: object) -> str:
    return KEY if isinstance(value, list | tuple) else TABLE if isinstance(value, dict | Mapped) else NAME


# A role is a name, a list of names, or a table; a mistake is looked for in the one that was meant.
InColumns: TypeAlias = Annotated[
    Annotated[Name, Tag(NAME)]
    | Annotated[tuple[Name, ...], Field(min_length=1), Tag(KEY)]
    | Annotated[Mapped, Tag(TABLE)],
    Discriminator(_form),
]


# The same where only one column will do.
InColumn: TypeAlias = Annotated[Annotated[Name, Tag(NAME)] | Annotated[Mapped, Tag(TABLE)], Discriminator(_form)]


def mapping_mistake(name: str, kind: ValueType | Literal["duration"], mapped: object) -> str | None:
    """Return what is wrong about a role's table for that role, None if nothing is.

    Args:
        name: the role's name.
        kind: what its values are read as.
        mapped: what `columns` has for it, as TOML.
    """
    if isinstance(mapped, list) and kind != "id":
        return f"{name} is no id, so it is read from one column"
    if not isinstance(mapped, dict):
        return None
    unknown = [key for key in mapped if key not in ("column", *OPTIONS[kind])]
    if unknown:
        known = ", ".join(("column", *OPTIONS[kind]))
        return f'{name} takes no "{unknown[0]}", but {known}'
    if "date" in mapped and name != MAY_BE_A_DATE:
        return f"{name} is an instant; only {MAY_BE_A_DATE} may be a learner's own date, and `on` of kind daily is one"
    return None
