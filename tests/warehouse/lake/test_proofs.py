"""Proofs of landings: whose they are, how long they last, and what is read of a file that is none of ours."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest

from warehouse.errors import DamagedError
from warehouse.lake.lake import Lake
from warehouse.lake.landing import Landing
from warehouse.lake.proofs import Proof, add_proofs, night_at, proofs_in, proven_at

DAY = date(2026, 6, 1)
EXTRACTED, NIGHT, LATER = "2026-06-02T02:00:00+00:00", "2026-06-03T02:00:00+00:00", "2026-06-04T02:00:00+00:00"


def landing(extracted_at: str = EXTRACTED) -> Landing:
    return Landing("xp", DAY, "", extracted_at, 0, 0, 0, 0, 0, {}, "0")


def proven(lake: Lake, when: str, *, by_night: bool = False) -> Proof:
    """Prove the landing of the day, and return what the lake says of it then."""
    add_proofs(lake, {("xp", DAY): landing()}, {("xp", DAY): when}, by_night=by_night)
    return proofs_in(lake)["xp", DAY, EXTRACTED]


def test_a_reconciliation_leaves_when_a_night_has_proven_a_landing(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    assert proven(lake, NIGHT, by_night=True) == Proof(NIGHT, NIGHT)
    assert proven(lake, LATER) == Proof(LATER, NIGHT)
    assert (proven_at(landing(), proofs_in(lake)), night_at(landing(), proofs_in(lake))) == (LATER, NIGHT)


def test_a_proof_ends_when_its_day_is_extracted_again(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    proven(lake, NIGHT, by_night=True)
    again, other = landing(LATER), Landing("xp", date(2026, 6, 2), "", LATER, 0, 0, 0, 0, 0, {}, "0")
    assert (proven_at(again, proofs_in(lake)), night_at(again, proofs_in(lake))) == (LATER, None)
    landings = {("xp", DAY): again, ("xp", other.day): other}
    add_proofs(lake, landings, {("xp", other.day): LATER})
    assert proofs_in(lake) == {("xp", other.day, LATER): Proof(LATER)}


def test_a_file_of_an_earlier_release_knows_of_no_night(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    row = f"select 'xp' as stream, date '{DAY}' as day, '{EXTRACTED}' as extracted_at, '{NIGHT}' as proven_at"
    duckdb.sql(f"copy ({row}) to '{lake.proofs}' (format parquet)")
    assert proofs_in(lake) == {("xp", DAY, EXTRACTED): Proof(NIGHT)}
    assert proven(lake, LATER, by_night=True) == Proof(LATER, LATER)


def test_a_proof_by_a_clock_that_was_ahead_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lake = Lake(tmp_path)
    proven(lake, NIGHT, by_night=True)
    monkeypatch.setattr("warehouse.clock.now", lambda: datetime.fromisoformat(EXTRACTED))
    assert proofs_in(lake) == {}


def flipped(content: bytes) -> bytes:
    return content[:-6] + bytes([content[-6] ^ 0xFF]) + content[-5:]  # in the length of what a file says of itself


DAMAGE: Mapping[str, Callable[[bytes], bytes]] = {
    "cut": lambda content: content[: len(content) // 2],
    "empty": lambda _: b"",
    "garbage": lambda content: bytes(len(content)),
    "flipped": flipped,
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_file_is_named_with_the_way_out(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    lake = Lake(tmp_path)
    proven(lake, NIGHT)
    lake.proofs.write_bytes(damage(lake.proofs.read_bytes()))
    with pytest.raises(DamagedError, match=r"proofs\.parquet cannot be read: .*delete it"):
        proofs_in(lake)


def test_another_file_in_its_place_is_named(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    duckdb.sql(f"copy (select 1 as one) to '{lake.proofs}' (format parquet)")
    with pytest.raises(DamagedError, match=r"proofs\.parquet cannot be read: .*column"):
        proofs_in(lake)
