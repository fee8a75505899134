"""Who has a public page: what the landing of the learners writes, and what a look-up finds in it."""

from pathlib import Path

import duckdb
import pytest

from serve.http.errors import UnansweredError
from serve.public.profiles import Profiles
from tests.support.platforms import public_platform
from tests.support.platforms.public_platform import COMPOSED, DECOMPOSED, NOBODY, PUBLIC
from warehouse.configuration.configuration import Configuration
from warehouse.lake.lake import Lake


@pytest.fixture(scope="module")
def configuration(tmp_path_factory: pytest.TempPathFactory) -> Configuration:
    configuration = public_platform.make(tmp_path_factory.mktemp("profiles") / "platform", days=2)
    public_platform.land(configuration)
    return configuration


@pytest.fixture(scope="module")
def profiles(configuration: Configuration) -> Profiles:
    return Profiles(Lake.of(configuration).profiles)


def rows(place: Path) -> list[tuple[str, str]]:
    return duckdb.sql(f"select name, user_id from read_parquet('{place}')").fetchall()


def test_a_page_is_for_live_public_learners_whose_name_can_be_shown_and_is_theirs_alone(
    configuration: Configuration,
) -> None:
    assert dict(rows(Lake.of(configuration).profiles)) == PUBLIC


def test_the_names_are_sorted_by_their_bytes(configuration: Configuration) -> None:
    names = [name.encode() for name, _ in rows(Lake.of(configuration).profiles)]
    assert names == sorted(names)


@pytest.mark.parametrize("name", PUBLIC, ids=lambda name: name[:20])
def test_a_public_name_is_found(profiles: Profiles, name: str) -> None:
    assert profiles.find(name) == (name, PUBLIC[name])


@pytest.mark.parametrize("name", NOBODY.values(), ids=NOBODY)
def test_any_other_name_is_not(profiles: Profiles, name: str) -> None:
    assert profiles.find(name) is None


def test_a_name_is_found_in_either_normalization_and_shown_in_one(profiles: Profiles) -> None:
    assert profiles.find(DECOMPOSED) == profiles.find(COMPOSED) == (COMPOSED, "amelie")


@pytest.mark.parametrize("name", ["\ud800", "ada\udc80", "\udc00\ud800"])
def test_a_name_that_is_no_unicode_is_nobodys(profiles: Profiles, name: str) -> None:
    assert profiles.find(name) is None


def test_while_no_learner_has_landed_nobody_has_a_page(tmp_path: Path) -> None:
    profiles = Profiles(tmp_path / "profiles.parquet")
    assert profiles.find("ada") is None


def test_a_file_that_cannot_be_read_is_an_error_and_no_page(tmp_path: Path) -> None:
    place = tmp_path / "profiles.parquet"
    place.write_bytes(b"garbage")
    with pytest.raises(UnansweredError, match="too small to be a Parquet file"):
        Profiles(place).find("ada")


def test_what_lands_next_counts_at_once_though_the_file_keeps_its_size_and_time(tmp_path: Path) -> None:
    """Nothing that was read is kept, however alike the next file looks."""
    import os

    def write(name: str) -> None:
        beside = tmp_path / "beside"
        duckdb.sql(f"copy (select '{name}' as name, 'id' as user_id) to '{beside}' (format parquet)")
        os.utime(beside, (1_000_000_000, 1_000_000_000))
        beside.replace(place)

    place = tmp_path / "profiles.parquet"
    profiles = Profiles(place)
    write("ada")
    assert profiles.find("ada") == ("ada", "id")
    write("eve")
    assert profiles.find("ada") is None
    assert profiles.find("eve") == ("eve", "id")


def test_a_run_of_an_older_day_leaves_the_profiles_alone(tmp_path: Path) -> None:
    """R3: who went private stays so, whatever a backfill of last year thinks it knows."""
    from assets.night.night import Night
    from assets.step3_users.users import land_users

    configuration = public_platform.make(tmp_path / "platform", days=2)
    public_platform.publish(configuration)
    before = rows(Lake.of(configuration).profiles)
    public_platform.change(configuration, "update users set is_public = 1 where id = 'ben'")
    assert land_users(Night.of(configuration), public_platform.LAST_DAY - public_platform.DAY) is None
    assert rows(Lake.of(configuration).profiles) == before
    public_platform.land(configuration)
    assert ("ben", "ben") in rows(Lake.of(configuration).profiles)
