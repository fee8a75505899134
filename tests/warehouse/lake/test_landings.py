"""What landings say of themselves is read once, as long as their files are the same; a part is read by itself."""

from pathlib import Path

import pytest

from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import FIRST_DAY, SECOND, SECOND_NIGHT
from warehouse.errors import DamagedError
from warehouse.lake.lake import Lake
from warehouse.lake.landing import Landing


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that become landings, from now on."""
    texts: list[str] = []
    from_json = Landing.from_json

    def from_json_counted(_: type[Landing], text: str) -> Landing:
        texts.append(text)
        return from_json(text)

    monkeypatch.setattr(Landing, "from_json", classmethod(from_json_counted))
    return texts


def test_no_text_is_parsed_twice_however_often_a_night_asks(nights: Path, tmp_path: Path, parsed: list[str]) -> None:
    """Nor by who reads the lake anew, such as publishing: its files are read again, and say the same."""
    configuration = small_platform.copied(nights, tmp_path, SECOND)
    lake = Lake.of(configuration)
    landings = lake.landings(configuration)
    before = len(parsed)
    assert lake.landings(configuration) == Lake.of(configuration).landings(configuration) == landings
    assert len(parsed) == before
    (stream, day), landing = next(iter(landings.items()))
    file = lake.landing(stream, day)
    file.write_bytes(file.read_bytes().replace(b'"rows": ', b'"rows":\t'))  # another text, of the same length
    assert lake.landings(configuration)[stream, day] == landing
    assert len(parsed) == before + 1, "what another file says is parsed"


def test_a_landing_that_was_replaced_is_seen_by_who_has_read_the_lake(nights: Path, tmp_path: Path) -> None:
    configuration = small_platform.copied(nights, tmp_path, SECOND)
    lake = Lake.of(configuration)
    landings = lake.landings(configuration)
    lake.landing("xp_events", SECOND_NIGHT).unlink()
    left = lake.landings(configuration)
    assert landings.keys() - left.keys() == {("xp_events", SECOND_NIGHT)}
    assert lake.landed_of_day(configuration, SECOND_NIGHT).keys() == {key for key in left if key[1] == SECOND_NIGHT}


def test_the_landings_of_a_day_are_read_without_the_others(nights: Path, tmp_path: Path) -> None:
    configuration = small_platform.copied(nights, tmp_path, SECOND)
    expected = {
        key: made for key, made in Lake.of(configuration).landings(configuration).items() if key[1] == FIRST_DAY
    }
    assert len(expected) == len(configuration.event_streams)
    Lake.of(configuration).landing("xp_events", SECOND_NIGHT).write_bytes(b"no Parquet")
    assert Lake.of(configuration).landed_of_day(configuration, FIRST_DAY) == expected
    with pytest.raises(DamagedError):
        Lake.of(configuration).landings(configuration)


def test_a_file_named_after_no_day_is_named(nights: Path, tmp_path: Path) -> None:
    """Each time that it is met."""
    configuration = small_platform.copied(nights, tmp_path, SECOND)
    lake = Lake.of(configuration)
    (lake.root / "xp_events" / "2025-02-30.parquet").touch()
    for _ in range(2):
        with pytest.raises(DamagedError, match=r"xp_events/2025-02-30\.parquet is named after no day"):
            lake.landings(configuration)
