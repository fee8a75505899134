"""Parameters of which some run with every test and all with the slow ones: the same claim on more of the same."""

from collections.abc import Iterable

import pytest
from _pytest.mark.structures import ParameterSet


def slowly(parameters: Iterable[object], quick: int = 0) -> list[ParameterSet]:
    """Mark parameters as slow, but for the first few of them.

    Args:
        parameters: of `pytest.mark.parametrize` or of a fixture; a tuple is one of several values.
        quick: how many, from the first on, are not slow.
    """
    return [
        pytest.param(*(one if isinstance(one, tuple) else (one,)), marks=[pytest.mark.slow] * (number >= quick))
        for number, one in enumerate(parameters)
    ]
