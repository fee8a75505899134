"""The kinds of streams and the roles that their columns play, in the order of the configuration page.

The order of the roles is the order in which R20 compares content, so it must not change.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["users", "xp", "sessions", "quizzes", "daily", "freezes"]
TableKind = Kind | Literal["lookup"]  # a lookup's table is read like a stream and is none
ValueType = Literal["id", "instant", "date", "amount", "boolean", "text", "number"]


@dataclass(frozen=True)
class Role:
    """What a mapped column means to us.

    Args:
        name: the role's name, which is the column's name in the lake.
        type: what its values are read as.
        is_required: whether every stream of the kind must map it.
    """

    name: str
    type: ValueType
    is_required: bool = True


DELETED_AT = "deleted_at"  # the role whose values may also say "never" (R3); a deleted event does not exist (R20)
UPDATED_AT = Role("updated_at", "instant", is_required=False)
DELETED = Role(DELETED_AT, "instant", is_required=False)
DAILY_MEASURES = ("xp", "seconds", "sessions", "quizzes", "quizzes_passed")  # of kind daily, at least one of them

# What a learner's profile has as of the night (R27, R29).
OF_PROFILE = (
    Role("freezes_available", "amount", is_required=False),
    Role("booster_multiplier", "number", is_required=False),
    Role("booster_ends_at", "instant", is_required=False),
)

ROLES: dict[Kind, tuple[Role, ...]] = {
    "users": (
        Role("user_id", "id"),
        Role("username", "text", is_required=False),
        Role("timezone", "text", is_required=False),
        Role("is_public", "boolean", is_required=False),
        DELETED,
        *OF_PROFILE,
    ),
    "xp": (
        Role("event_id", "id"),
        Role("user_id", "id"),
        Role("occurred_at", "instant"),
        Role("amount", "amount"),
        UPDATED_AT,
        DELETED,
    ),
    "sessions": (
        Role("event_id", "id"),
        Role("user_id", "id"),
        Role("started_at", "instant"),
        Role("ended_at", "instant", is_required=False),
        Role("last_activity_at", "instant", is_required=False),
        UPDATED_AT,
        DELETED,
    ),
    "quizzes": (
        Role("event_id", "id"),
        Role("user_id", "id"),
        Role("occurred_at", "instant"),
        Role("passed", "boolean"),
        UPDATED_AT,
        DELETED,
    ),
    "daily": (
        Role("event_id", "id", is_required=False),
        Role("user_id", "id"),
        Role("on", "date"),
        *(Role(measure, "amount", is_required=False) for measure in DAILY_MEASURES),
        UPDATED_AT,
        DELETED,
    ),
    "freezes": (
        Role("event_id", "id"),
        Role("user_id", "id"),
        Role("covered_on", "date"),
        UPDATED_AT,
        DELETED,
    ),
}

ROLES_OF_LOOKUP = (Role("key", "id"), Role("user_id", "id"))
ROLES_OF_TABLES: dict[TableKind, tuple[Role, ...]] = {"lookup": ROLES_OF_LOOKUP, **dict(ROLES.items())}

# What is read beside the roles, and becomes one of them: the length of a session its end, a flag its `deleted_at`.
INPUTS: dict[Kind, dict[str, Literal["duration", "boolean"]]] = {
    "users": {"is_deleted": "boolean"},
    "xp": {"is_deleted": "boolean"},
    "sessions": {"is_deleted": "boolean", "duration": "duration"},
    "quizzes": {"is_deleted": "boolean"},
    "daily": {"is_deleted": "boolean"},
    "freezes": {"is_deleted": "boolean"},
}
INSTEAD_OF = {"duration": "ended_at", "is_deleted": DELETED_AT}

ACTIVITY_KINDS: tuple[Kind, ...] = ("xp", "sessions", "quizzes", "daily")
EVENT_KINDS: tuple[Kind, ...] = (
    *ACTIVITY_KINDS,
    "freezes",
)  # what lands day by day
INSTANT_OF: dict[Kind, str] = {"sessions": "started_at", "daily": "on", "freezes": "covered_on"}
DATED_KINDS = ("daily", "freezes")  # whose rows are of a learner's own date, always
MAY_BE_A_DATE = "occurred_at"  # the instant that may be the learner's own date instead (R5)
FEWEST_DAYS_BACK = 2  # a learner's date goes on until 12:00 UTC of the next UTC day


def instant_of(kind: Kind) -> str:
    """Return the role whose UTC day is the day of a row (R2)."""
    return INSTANT_OF.get(kind, "occurred_at")


def has_own_dates(kind: object, columns: object) -> bool:
    """Return whether the rows of a stream are of the learner's own dates, not of instants (R5).

    Args:
        kind: that of the stream.
        columns: its `columns`, as TOML has them or validated.
    """
    if kind in DATED_KINDS:
        return True
    mapped = columns.get(MAY_BE_A_DATE) if isinstance(columns, Mapping) else None
    return (mapped.get("date") if isinstance(mapped, Mapping) else getattr(mapped, "date", None)) is not None


def daily_mistakes(columns: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong about the measures that a stream of kind daily maps."""
    if not columns.keys() & set(DAILY_MEASURES):
        yield f"kind daily needs one of {', '.join(DAILY_MEASURES)}"
    if "quizzes_passed" in columns and "quizzes" not in columns:
        yield "quizzes_passed needs quizzes, of which they are a part"


def date_mistakes(streams: Mapping[str, Mapping[str, Any]], lookback_days: object) -> Iterator[str]:
    """Yield the streams of learners' own dates that a night would read before those dates are over (R5).

    Args:
        streams: by name, as TOML has them.
        lookback_days: as TOML has it; None where it is left out.
    """
    if not isinstance(lookback_days, int) or lookback_days >= FEWEST_DAYS_BACK:
        return
    for name, stream in streams.items():
        if has_own_dates(stream.get("kind"), stream.get("columns")):
            yield (
                f"streams.{name}: it has learners' own dates, which go on until 12:00 UTC of the next day; "
                f"pulse.lookback_days has to be at least {FEWEST_DAYS_BACK}, it is {lookback_days}"
            )
