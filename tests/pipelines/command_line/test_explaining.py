"""`pulse explain` as support types it: exit codes, what it prints, and that it writes nothing."""

import json
import stat
from pathlib import Path

import pytest

from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import ANA, SECOND
from tests.support.running.command_place import Place

DATE = "2025-12-30"
UNKNOWN = (
    "pulse: learner 'kai' is unknown: no users, and no rows near 2025-12-30, have this id; type it as the source does"
)


@pytest.fixture(scope="module")
def place(nights: Path, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The two nights of the small platform, for reading only."""
    folder = tmp_path_factory.mktemp("explained")
    small_platform.copied(nights, folder, SECOND)
    return Place(folder)


def test_a_date_is_explained_by_the_id_as_the_platform_spells_it(place: Place) -> None:
    code, out, err = place.pulse("explain", ANA.upper(), DATE)
    assert (code, err) == (0, "")
    assert out.startswith(f"learner       {ANA}\nstatus        known\ndate          2025-12-30, over for the learner\n")
    assert "zone          UTC: 2025-12-30 00:00:00 to 2025-12-31 00:00:00 UTC, 24 hours" in out
    assert "  xp_events      2  10:00:00  2025-12-30 10:00:00 UTC  20 XP\n" in out
    assert "  quiz_attempts  2  10:05:00  2025-12-30 10:05:00 UTC  1 quiz, 0 passed\n" in out
    assert f"published     {SECOND} has the same numbers\nlevel         3 by xp_earned; cuts 10, 20, 40, " in out
    assert "999" not in out, "Ben's"


def test_for_machines_it_is_one_object(place: Place) -> None:
    code, out, err = place.pulse("explain", "--json", ANA, DATE)
    assert (code, err) == (0, "")
    explained = json.loads(out)
    assert (explained["xp_earned"], explained["quizzes"], explained["quizzes_passed"]) == (20, 2, 1)
    assert sum(row["adds"].get("xp_earned", 0) for row in explained["rows"]) == 20
    assert (explained["comparison"], explained["published"]["level"]) == ("equal", 3)


def test_whom_nobody_knows_is_a_failure_with_a_line(place: Place) -> None:
    code, out, err = place.pulse("explain", "kai", DATE)
    assert (code, out) == (1, "")
    assert err.startswith(UNKNOWN)


def test_an_id_that_would_colour_the_terminal_is_spelled_out(place: Place) -> None:
    code, out, err = place.pulse("explain", "\x1b[31m\u202ekai", DATE)
    assert (code, out) == (1, "")
    assert "\\x1b[31m\\u202ekai" in err
    assert "\x1b" not in err
    assert "\u202e" not in err


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ((ANA, "2025-13-01"), "'2025-13-01' is no day, write one like 2026-11-22"),
        ((ANA, "2026-01-02"), "DATE: 2026-01-02 is not in the lake; there are dates from 2025-12-28 to 2026-01-01"),
        ((ANA,), "Missing argument 'DATE'"),
        (("", DATE), "an id has at least one character"),
    ],
)
def test_what_cannot_be_a_date_or_a_learner_is_wrong_usage(place: Place, words: tuple[str, ...], line: str) -> None:
    code, out, err = place.pulse("explain", *words)
    assert (code, out) == (2, "")
    assert line in err


def test_it_writes_nothing(place: Place) -> None:
    before = state_of(place.folder)
    assert place.pulse("explain", ANA, DATE)[0] == 0
    assert state_of(place.folder) == before


def state_of(folder: Path) -> dict[Path, tuple[int, int]]:
    """Size and time of every file below a folder."""
    files = {path: path.lstat() for path in folder.rglob("*")}
    return {
        path: (about.st_size, about.st_mtime_ns) for path, about in files.items() if not stat.S_ISDIR(about.st_mode)
    }
