"""`[xp]`: from how many XP on a learner has which level (R29)."""

from itertools import pairwise
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from warehouse.configuration.types import Whole

MOST_XP = 2**53  # what JSON carries exactly, for everybody

Xp = Annotated[Whole, Field(ge=0, le=MOST_XP)]


class Experience(BaseModel):
    """`[xp]`: the levels of XP.

    Args:
        level_thresholds: the XP at which each level begins, level 1 first, which begins at 0.
        level_step: the XP of each further level; without it the last one is the highest.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    level_thresholds: tuple[Xp, ...] = Field(default=(0,), strict=False)
    level_step: Annotated[Whole, Field(ge=1, le=MOST_XP)] | None = None

    @model_validator(mode="after")
    def _begins_at_zero_and_ascends(self) -> Self:
        thresholds = self.level_thresholds
        if not thresholds or thresholds[0] or any(first >= second for first, second in pairwise(thresholds)):
            raise ValueError("level_thresholds begin with 0 and ascend, write them like [0, 100, 250]")
        return self

    @property
    def second_level_at(self) -> int | None:
        """The XP at which level 2 begins; None if there is none."""
        return self.level_thresholds[1] if len(self.level_thresholds) > 1 else self.level_step
