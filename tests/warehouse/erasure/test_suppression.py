"""The list of erased learners: what it says of them, and that neither a run nor the server lets one of them in again.

Erasing somebody who has landed is `tests/assets/erase/test_erasure.py`.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from serve.app import create_app
from tests.support.erasing.woven_world import GONE, LAST_DAY, LOOKALIKES, WOVEN, without
from tests.support.platforms import platforms, small_platform
from tests.support.platforms.small_platform import ANA, ANSWERS, BEN, PATH, SECOND, UNKNOWN, bearer
from tests.support.running import replay
from warehouse.configuration.configuration import Configuration
from warehouse.erasure import suppression
from warehouse.errors import PulseError
from warehouse.lake.lake import Lake


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "lake" / "suppressed.json"


@pytest.fixture
def platform() -> Iterator[replay.Platform]:
    with replay.sqlite_platform() as platform:
        platforms.write(WOVEN, platform.url)
        yield platform


def test_the_list_has_salted_sums_and_no_id(place: Path) -> None:
    """FAULTS 42."""
    for user_id in (GONE.upper(), *LOOKALIKES, "a\0b", "\udcff"):
        suppression.suppress(place, user_id)
        assert suppression.read_list(place).holds(user_id)
    content = json.loads(place.read_text())
    assert hashlib.sha256(f"{content['salt']}{GONE}".encode()).hexdigest() in content["sha256"]
    assert len(content["sha256"]) == len(LOOKALIKES) + 3
    assert len(content["salt"]) == 32
    assert "brien" not in place.read_text()


def test_who_is_on_the_list_twice_is_on_it_once(place: Path) -> None:
    once = suppression.suppress(place, GONE)
    before = place.read_bytes()
    assert suppression.suppress(place, GONE.upper()) == once
    assert place.read_bytes() == before


@pytest.mark.parametrize("near", ["ZO\u00cb", "zoe\u0308", "zo\u00eb ", "", GONE + "0", GONE.replace("-", "")])
def test_an_id_that_only_looks_alike_is_not_on_the_list(place: Path, near: str) -> None:
    suppression.suppress(place, "zo\u00eb")
    suppression.suppress(place, GONE)
    assert not suppression.read_list(place).holds(near)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"salt": "00"}', "\xff"])
def test_a_list_that_cannot_be_read_stops_a_run(place: Path, text: str) -> None:
    place.parent.mkdir()
    place.write_text(text)
    with pytest.raises(PulseError, match="restore it from a backup"):
        suppression.read_list(place)


@pytest.mark.slow
def test_rows_of_a_learner_on_the_list_are_in_no_table_and_counted_nowhere(platform: replay.Platform) -> None:
    """FAULTS 42: as if the source had never had them; the learner is woven into everybody's rows."""
    configuration = replay.configured(WOVEN, platform)
    suppression.suppress(Lake.of(configuration).suppressed, GONE)
    replay.night(configuration, LAST_DAY, LAST_DAY)
    replay.assert_equals_the_oracle(without(WOVEN, GONE), configuration)


def test_a_source_that_gives_fewer_rows_than_it_counts_is_noticed_with_a_list_too(
    platform: replay.Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The count is compared before anybody's rows are left out."""
    from assets.step1_extract.extract import Reader

    configuration = replay.configured(WOVEN, platform)
    suppression.suppress(Lake.of(configuration).suppressed, GONE)
    rows = Reader.rows
    monkeypatch.setattr(Reader, "rows", lambda *days: (batch.slice(1) for batch in rows(*days)))
    with pytest.raises(PulseError, match="nothing has landed"):
        replay.night(configuration, LAST_DAY, LAST_DAY)


@pytest.fixture
def served(nights: Path, tmp_path: Path) -> Configuration:
    return small_platform.copied(nights, tmp_path, SECOND)


def test_the_server_answers_who_is_on_the_list_as_nobody_from_that_moment_on(served: Configuration) -> None:
    """FAULTS 41: whatever version is in service, and whatever the browser holds."""
    client = create_app(served).test_client()
    before = client.get(PATH, headers=bearer(ANA))
    assert before.get_json() == ANSWERS[ANA][SECOND]
    suppression.suppress(Lake.of(served).suppressed, ANA)
    after = client.get(PATH, headers={**bearer(ANA.upper()), "If-None-Match": before.headers["ETag"]})
    nobody = client.get(PATH, headers=bearer("nobody"))
    assert (after.status_code, after.get_json()) == (200, UNKNOWN[SECOND])
    assert after.data == nobody.data
    shown = ("X-Pulse-Learner", "X-Pulse-Timezone", "X-Pulse-Cuts", "X-Pulse-Population")
    assert [after.headers.get(name) for name in shown] == [nobody.headers.get(name) for name in shown]
    assert client.get(PATH, headers={**bearer(ANA), "If-None-Match": after.headers["ETag"]}).status_code == 304
    assert client.get(PATH, headers=bearer(BEN)).get_json()["total_quizzes"] == 3
