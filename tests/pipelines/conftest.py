"""A platform from which nothing has landed, and its first night through Dagster: made once, for reading and copying."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pytest

from pipelines.demo.platform import demo_configuration, make_platform
from tests.support.running.dagster_place import DAYS, FIRST_DAY, LAST_DAY, Place, at_home


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A platform from which nothing has been landed; for copying only."""
    folder = tmp_path_factory.mktemp("platform")
    made = make_platform(folder / "platform.sqlite", users=5, days=len(DAYS), last_day=LAST_DAY)
    assert made.first_day == FIRST_DAY
    text = demo_configuration("var", "sqlite:///platform.sqlite", FIRST_DAY, "not used here, but over 32 bytes long")
    (folder / "pulse.toml").write_text(text)
    return Place(folder)


@pytest.fixture(scope="session")
def published(platform: Place, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The first night of that platform through the job; for reading only."""
    place = Place(tmp_path_factory.mktemp("published") / "copy")
    shutil.copytree(platform.folder, place.folder)
    with at_home(place):
        place.night()
    return place


@pytest.fixture(scope="module")
def instance(published: Place) -> Iterator[dg.DagsterInstance]:
    """Dagster's instance of the published place."""
    with at_home(published) as found:
        yield found


@pytest.fixture
def copy_of(tmp_path: Path) -> Callable[[Place], Place]:
    """Give a copy of a place that a test may change."""

    def copy(place: Place) -> Place:
        shutil.copytree(place.folder, tmp_path / "copy", symlinks=True)
        return Place(tmp_path / "copy")

    return copy
