"""Which learner is erased when an operator types an id as the source has it (R26)."""

from pathlib import Path

import pytest

from assets.erase.find_learner import find_learner
from assets.erase.learner_meant import learner_meant
from assets.night.night import Night
from tests.support.erasing.erase import erase
from tests.support.platforms.sources import FIRST, night, published, sqlite_platform, xp_by_day, xp_rows
from warehouse.configuration.configuration import Configuration, load

ANN, BOB = "0a000000-0000-4000-8000-00000000000b", "0b000000-0000-4000-8000-00000000000c"


def configured(folder: Path, user_id: str) -> Configuration:
    """Read ids, which are hex digits in the source, as the mapping says."""
    platform = sqlite_platform(folder)
    users = [(ann.replace("-", "").upper(),) for ann in (ANN, BOB)]
    platform.make("users", {"user_id": "text"}, users)
    columns = {"event_id": "text", "user_id": "text", "occurred_at": "timestamptz", "amount": "bigint"}
    rows = [row for number, (user,) in enumerate(users) for row in xp_rows(2, prefix=f"e{number}-", user=user)]
    platform.make("xp", columns, rows)
    file = platform.configuration().path
    text = file.read_text(encoding="utf-8").replace('user_id = "user_id"', f"user_id = {user_id}")
    file.write_text(text, encoding="utf-8")
    return load(file, uses=["sources"])


@pytest.mark.parametrize(
    ("user_id", "typed", "learner"),
    [
        ('{ column = "user_id", as = "uuid" }', ANN.replace("-", "").upper(), ANN),
        ('{ column = "user_id", as = "uuid" }', ANN.upper(), ANN),
        ('{ column = "user_id", as = "uuid" }', "no uuid", "no uuid"),
        ('{ column = "user_id", fold_case = true }', "Ann", "ann"),
        ('{ column = "user_id", prefix = "b:" }', "7", "b:7"),
        ('{ column = "user_id", prefix = "b:" }', "b:7", "b:7"),
        ('{ column = "user_id", prefix = "b:", fold_case = true }', "b:ANN", "b:ann"),
        ('"user_id"', ANN.upper(), ANN),
    ],
)
def test_the_learner_who_is_meant(tmp_path: Path, user_id: str, typed: str, learner: str) -> None:
    assert learner_meant(configured(tmp_path, user_id), typed) == learner


def test_an_erasure_by_the_sources_spelling_erases_the_learner(tmp_path: Path) -> None:
    configuration = configured(tmp_path, '{ column = "user_id", as = "uuid", prefix = "b:" }')
    night(configuration, FIRST)
    assert xp_by_day(configuration) == {FIRST: 4}
    assert erase(configuration, ANN.replace("-", "")).failure is None
    assert published(configuration, "select user_id from users") == [(f"b:{BOB}",)]
    assert not find_learner(Night.of(configuration), f"b:{ANN}").files
    night(configuration, FIRST)  # the source has the learner still
    assert xp_by_day(configuration) == {FIRST: 2}
