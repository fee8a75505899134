"""What was published, where every user may look; a file that needs something else has its own."""

from pathlib import Path

import pytest

from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import SECOND
from tests.support.running.other_user import let_pass
from warehouse.configuration.configuration import Configuration


@pytest.fixture
def published(nights: Path, tmp_path: Path) -> Configuration:
    let_pass(tmp_path)
    return small_platform.copied(nights, tmp_path, SECOND)
