"""A clock on the wall that is set, forward or back, makes nobody wait longer and lets nobody ask more (FAULTS 77)."""

from pathlib import Path

import pytest
from limits.storage import MemoryStorage

from serve import app
from serve.http.limit_store import Counts
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import PATH, SECOND, bearer

HOUR = 3600.0


class Clocks:
    """A wall's clock, which can be set, and one that only grows."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.wall, self.monotonic = 1_800_000_000.0, 5_000.0
        monkeypatch.setattr("time.time", lambda: self.wall)
        monkeypatch.setattr("time.monotonic", lambda: self.monotonic)

    def go_on(self, seconds: float) -> None:
        self.wall += seconds
        self.monotonic += seconds

    def set_by(self, seconds: float) -> None:
        self.wall += seconds


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    return Clocks(monkeypatch)


@pytest.mark.parametrize("hours", [-1, 1, -24, 24 * 365])
@pytest.mark.parametrize("limit", ["rate_limit", "rate_limit_refused"])
def test_a_clock_that_is_set_changes_no_wait(
    nights: Path, tmp_path: Path, clocks: Clocks, limit: str, hours: int
) -> None:
    """FAULTS 77: after an hour was taken back, `Retry-After` was 3652."""
    configuration = small_platform.copied(nights, tmp_path, SECOND)
    asking = app.create_app(small_platform.configure(configuration, **{limit: "2/minute"})).test_client()
    headers = bearer() if limit == "rate_limit" else {"Authorization": "Bearer nothing"}

    def ask() -> int:
        return asking.get(PATH, headers=headers).status_code

    let_through = 200 if limit == "rate_limit" else 401
    assert [ask(), ask(), ask()] == [let_through, let_through, 429]
    clocks.set_by(hours * HOUR)
    answer = asking.get(PATH, headers=headers)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "60")
    clocks.go_on(59)
    assert ask() == 429
    clocks.go_on(1)
    assert ask() == let_through


def test_what_a_shared_store_says_by_the_wall_is_told_by_the_clock_that_grows(
    clocks: Clocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sibling: the library's stores give the end of a count in seconds since 1970."""
    monkeypatch.setattr("serve.http.limit_store.storage_from_string", lambda *_, **__: MemoryStorage())
    counts = Counts("redis://a-store-of-the-library")
    assert counts.incr("a", 60) == 1
    clocks.go_on(20)
    assert counts.get_expiry("a") - clocks.monotonic == pytest.approx(40)
