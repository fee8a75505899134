"""`[quests.NAME]`: what learners are asked to reach today or in a week, from what a version says of them (R32)."""

import hashlib
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from warehouse.configuration.types import Whole

MOST = 10**12  # of a target and of a reward
NAME = r"^[a-z][a-z0-9_]{0,62}$"


class Quest(BaseModel):
    """A quest.

    Args:
        title: as learners read it.
        measure: which of the five measures counts; `learning_time` is seconds.
        target: how much of it is asked for.
        period: whether that of today counts, or that of the week.
        reward: what it is worth, in XP; None where nothing is said.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    title: str = Field(min_length=1, max_length=200)
    measure: Literal["xp_earned", "learning_time", "sessions", "quizzes", "quizzes_passed"]
    target: Annotated[Whole, Field(ge=1, le=MOST)]
    period: Literal["day", "week"] = "day"
    reward: Annotated[Whole, Field(ge=0, le=MOST)] | None = None


Quests = Mapping[Annotated[str, Field(pattern=NAME)], Quest]


def fingerprint(quests: Quests) -> str:
    """Return what tells quests from others, for the tags of answers."""
    text = repr([(name, quest.model_dump()) for name, quest in quests.items()])
    return hashlib.sha256(text.encode()).hexdigest()[:16]
