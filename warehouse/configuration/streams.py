"""The kinds of streams and the roles that their columns play, in the order of the configuration page.

The order of the roles is the order in which R20 compares content, so it must not change.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["users", "xp", "sessions", "quizzes"]
ValueType = Literal["id", "instant", "amount", "boolean", "text"]


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


DELETED_AT = "deleted_at"  # the role whose values may also say "never" (R3)
UPDATED_AT = Role("updated_at", "instant", is_required=False)

ROLES: dict[Kind, tuple[Role, ...]] = {
    "users": (
        Role("user_id", "id"),
        Role("username", "text", is_required=False),
        Role("timezone", "text", is_required=False),
        Role("is_public", "boolean", is_required=False),
        Role(DELETED_AT, "instant", is_required=False),
    ),
    "xp": (
        Role("event_id", "id"),
        Role("user_id", "id"),
        Role("occurred_at", "instant"),
        Role("amount", "amount"),
        UPDATED_AT,
    ),
    "sessions": (
        Role("event_id", "id"),
        Role("user_id", "id"),
        Role("started_at", "instant"),
        Role("ended_at", "instant", is_required=False),
        Role("last_activity_at", "instant", is_required=False),
        UPDATED_AT,
    ),
    "quizzes": (
        Role("event_id", "id"),
        Role("user_id", "id"),
        Role("occurred_at", "instant"),
        Role("passed", "boolean"),
        UPDATED_AT,
    ),
}

# What is read beside the roles, and becomes one of them: the length of a session its end, a flag its `deleted_at`.
INPUTS: dict[Kind, dict[str, Literal["duration", "boolean"]]] = {
    "users": {"is_deleted": "boolean"},
    "xp": {},
    "sessions": {"duration": "duration"},
    "quizzes": {},
}
INSTEAD_OF = {"duration": "ended_at", "is_deleted": DELETED_AT}

EVENT_KINDS: tuple[Kind, ...] = ("xp", "sessions", "quizzes")


def instant_of(kind: Kind) -> str:
    """Return the role whose UTC day is the day of a row (R2)."""
    return "started_at" if kind == "sessions" else "occurred_at"
