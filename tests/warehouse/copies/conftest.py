"""What is copied and exported."""

from pathlib import Path

import pytest

from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import SECOND
from warehouse.configuration.configuration import Configuration


@pytest.fixture
def configuration(nights: Path, tmp_path: Path) -> Configuration:
    """Two nights have been published, and the second is served."""
    return small_platform.copied(nights, tmp_path / "nights", SECOND)
