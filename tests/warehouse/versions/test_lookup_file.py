"""A look-up file is read as it was written, or not at all: cut, flipped, another's, or no such file (FAULTS 4)."""

import os
import random
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warehouse.errors import DamagedError
from warehouse.versions import lookup_file
from warehouse.versions.lookup_file import LookupFile, Record

VERSION, HASH = "pulse-2026-03-01-000001", "ab" * 32
# The smallest and the greatest key, neighbours, and keys whose bytes are ordered in another way than their numbers.
RECORDS = {
    0: Record(b'["first"]', b""),
    255: Record(b'["ana"]', bytes(range(8))),
    256: Record(b'["ben"]', bytes(range(8, 24))),
    257: Record('["zoé\\n"]'.encode(), bytes(16)),
    2**63 - 1: Record(b"[" + b" " * 70_000 + b"]", b"\xff" * 8),
}


def written(file: Path, records: dict[int, Record], version: str = VERSION, logical_hash: str = HASH) -> Path:
    lookup_file.write(file, version, logical_hash, sorted(records.items()))
    return file


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return written(tmp_path / "a.lookup", RECORDS)


def read(file: Path, keys: list[int]) -> dict[int, Record | None]:
    with closing(LookupFile(file, VERSION, HASH)) as opened:
        return {key: opened.record(key) for key in keys}


def test_every_record_comes_back_and_other_keys_are_nobodys(file: Path) -> None:
    assert read(file, list(RECORDS)) == RECORDS
    assert read(file, [1, 254, 258, 2**63 - 2, -1]) == dict.fromkeys([1, 254, 258, 2**63 - 2, -1])


def test_a_version_without_learners_has_a_file_without_records(tmp_path: Path) -> None:
    assert read(written(tmp_path / "none.lookup", {}), [0, 1]) == {0: None, 1: None}


@given(st.dictionaries(st.integers(0, 2**63 - 1), st.tuples(st.binary(max_size=50), st.binary(max_size=80))))
@settings(max_examples=50)
def test_random_records_come_back(
    tmp_path_factory: pytest.TempPathFactory, records: dict[int, tuple[bytes, bytes]]
) -> None:
    file = tmp_path_factory.getbasetemp() / "random.lookup"
    made = {key: Record(*record) for key, record in records.items()}
    assert read(written(file, made), list(made)) == made


def outcome(file: Path) -> set[str]:
    """What becomes of all learners: right, damaged, or the file is refused. Anything else is an error or a failure."""
    found = set()
    try:
        opened = LookupFile(file, VERSION, HASH)
    except DamagedError:
        return {"refused"}
    with closing(opened):
        for key, record in RECORDS.items():
            try:
                assert opened.record(key) == record
            except DamagedError:
                found.add("damaged")
            else:
                found.add("right")
    return found


def test_no_flipped_bit_gives_a_wrong_record(file: Path) -> None:
    """FAULTS 4: of every byte but those of the long head, where some will do."""
    content, chance, seen = bytearray(file.read_bytes()), random.Random(7), set[str]()
    places = [*range(400), *range(400, len(content) - 400, 997), *range(len(content) - 400, len(content))]
    for place in places:
        bit = 1 << chance.randrange(8)
        content[place] ^= bit
        file.write_bytes(content)
        found = outcome(file)
        assert found != {"right"}
        seen |= found
        content[place] ^= bit
    assert seen == {"right", "damaged", "refused"}
    file.write_bytes(content)
    assert outcome(file) == {"right"}


def test_no_cut_gives_a_wrong_record(file: Path) -> None:
    """FAULTS 4: before it is opened, each is refused; afterwards, what is left is right and the rest damaged."""
    content = file.read_bytes()
    for length in [*range(300), *range(300, len(content), 991), *range(len(content) - 200, len(content))]:
        file.write_bytes(content[:length])
        assert outcome(file) == {"refused"}
    file.write_bytes(content)
    with closing(LookupFile(file, VERSION, HASH)) as opened:
        os.truncate(file, len(content) // 2)
        assert opened.record(255) == RECORDS[255]
        with pytest.raises(DamagedError, match="ends at"):
            opened.record(2**63 - 1)


@pytest.mark.parametrize("content", [b"", b"\n", b"garbage!" * 500, bytes(5000)])
def test_what_is_no_look_up_file_is_refused(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    assert outcome(file) == {"refused"}


@pytest.mark.parametrize(("version", "logical_hash"), [("pulse-2026-03-01-000002", HASH), (VERSION, "cd" * 32)])
def test_the_file_of_another_version_is_refused(tmp_path: Path, version: str, logical_hash: str) -> None:
    other = written(tmp_path / "other.lookup", RECORDS, version, logical_hash)
    with pytest.raises(DamagedError, match=f"is not the look-up file of version {VERSION}"):
        LookupFile(other, VERSION, HASH)


def test_a_file_that_turns_into_that_of_another_version_while_it_is_open_gives_no_record(
    file: Path, tmp_path: Path
) -> None:
    """As `cp` does onto it. Learners, sizes and places are the same; only one number differs."""
    changed = {**RECORDS, 255: Record(b'["ana"]', bytes(range(1, 9)))}
    other = written(tmp_path / "other.lookup", changed, "pulse-2026-03-01-000002")
    with closing(LookupFile(file, VERSION, HASH)) as opened:
        file.write_bytes(other.read_bytes())
        for key in RECORDS:
            with pytest.raises(DamagedError, match="CRC-32"):
                opened.record(key)


def test_what_is_no_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name in ("pipe", "folder", "nothing"):
        with pytest.raises((OSError, DamagedError)):
            LookupFile(tmp_path / name, VERSION, HASH)


def test_a_refused_file_is_closed(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])
    assert outcome(file) == {"refused"}
    assert not [opened for opened in Path("/proc/self/fd").iterdir() if opened.exists() and opened.samefile(file)]
