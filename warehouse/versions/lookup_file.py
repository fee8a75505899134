"""The look-up file of a version: one record per learner, for the server (docs/decisions/0012).

It holds nothing that the version does not have. All numbers are little-endian:

- header: a line of JSON with the version's name and logical hash;
- records, ordered by key: CRC-32, length of the head, head, codes of the active days;
- index: the keys, then where each record begins and the last one ends;
- trailer: how many learners, and the CRC-32 of header and index.

The CRC-32 of a record is over the key and all that follows. It begins with that of the header, so a record of another
version is no record of this one. What head and codes say is decided in `assets/step5_build/lookup_file/`, and read by
`serve/version/packed.py`.
"""

import json
import os
import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterable
from pathlib import Path
from struct import Struct
from typing import NamedTuple
from zlib import crc32

from warehouse.disk.files import regular_file, writing
from warehouse.errors import DamagedError

FORMAT = 1
KEY = Struct("<q")
CRC = LENGTH = Struct("<I")
TRAILER = Struct("<QQ")  # learners, CRC-32 of header and index
BUFFER_BYTES = 1 << 20
INDEX_BYTES = 16  # of a learner


class Record(NamedTuple):
    """A learner's record.

    Args:
        head: a JSON array.
        codes: eight bytes for each active day that fits into them.
    """

    head: bytes
    codes: bytes


def write(file: Path, version: str, logical_hash: str, records: Iterable[tuple[int, Record]]) -> None:
    """Write a look-up file.

    Args:
        file: where.
        version: the version's name.
        logical_hash: that of the version (R24).
        records: `user_key` and record of every learner, in the order of the keys.

    Raises:
        StorageError: it could not be written.
    """
    header = _header(version, logical_hash)
    seed, at = crc32(header), len(header)
    keys, begins = array("q"), array("Q")
    with writing(file), file.open("wb", BUFFER_BYTES) as out:
        out.write(header)
        for key, (head, codes) in records:
            keys.append(key)
            begins.append(at)
            length = LENGTH.pack(len(head))
            crc = crc32(codes, crc32(head, crc32(KEY.pack(key) + length, seed)))
            at += out.write(CRC.pack(crc) + length) + out.write(head) + out.write(codes)
        begins.append(at)
        index = _little(keys) + _little(begins)
        out.write(index)
        out.write(TRAILER.pack(len(keys), crc32(index, seed)))


def _header(version: str, logical_hash: str) -> bytes:
    return json.dumps({"format": FORMAT, "version": version, "logical_hash": logical_hash}).encode() + b"\n"


class LookupFile:
    """A look-up file that is open for reading, for any number of threads.

    Args:
        file: where it is.
        version: the version that it has to be of.
        logical_hash: that of the version.

    Raises:
        DamagedError: it is not the whole look-up file of this version.
        OSError: there is none, or it cannot be read.
    """

    def __init__(self, file: Path, version: str, logical_hash: str) -> None:
        self._file = file
        self._descriptor = os.open(regular_file(file), os.O_RDONLY | os.O_CLOEXEC)
        try:
            self.status = os.fstat(self._descriptor)
            header = _header(version, logical_hash)
            self._seed = crc32(header)
            self._refuse_another(header, version)
            self.keys, self._begins = self._index(len(header))
        except BaseException:
            self.close()
            raise

    def record(self, user_key: int) -> Record | None:
        """Return a learner's record, None if the version does not know the key.

        Raises:
            DamagedError: what stands there is not what was written.
            OSError: it cannot be read.
        """
        number = bisect_left(self.keys, user_key)
        if number == len(self.keys) or self.keys[number] != user_key:
            return None
        begin, end = self._begins[number], self._begins[number + 1]
        record = self._read(begin, end - begin)
        (crc,) = CRC.unpack_from(record)
        content = record[CRC.size :]
        if crc32(content, crc32(KEY.pack(user_key), self._seed)) != crc:
            raise DamagedError(f"{self._file}: the record at {begin} is not what was written (CRC-32)")
        (length,) = LENGTH.unpack_from(content)
        codes_at = LENGTH.size + length
        return Record(content[LENGTH.size : codes_at], content[codes_at:])

    def close(self) -> None:
        """Close the file; nobody may read it any more."""
        os.close(self._descriptor)

    def _refuse_another(self, header: bytes, version: str) -> None:
        if os.pread(self._descriptor, len(header), 0) != header:
            raise DamagedError(f"{self._file} is not the look-up file of version {version}")

    def _index(self, begin: int) -> tuple["array[int]", "array[int]"]:
        """Read where the records are.

        Args:
            begin: where the first one begins.
        """
        at = max(self.status.st_size - TRAILER.size, begin)
        learners, crc = TRAILER.unpack(self._read(at, TRAILER.size))
        length = learners * INDEX_BYTES + KEY.size
        if begin + length > at:
            raise DamagedError(f"{self._file} is cut off")
        index = self._read(at - length, length)
        if crc32(index, self._seed) != crc:
            raise DamagedError(f"{self._file}: its index is not what was written (CRC-32)")
        return _numbers("q", index[: learners * KEY.size]), _numbers("Q", index[learners * KEY.size :])

    def _read(self, begin: int, length: int) -> bytes:
        content = os.pread(self._descriptor, length, begin)
        if len(content) != length:
            raise DamagedError(f"{self._file} ends at {begin + len(content)}, before its {begin + length} bytes")
        return content


def _little(numbers: "array[int]") -> bytes:
    if sys.byteorder == "big":
        numbers = numbers[:]
        numbers.byteswap()
    return numbers.tobytes()


def _numbers(kind: str, content: bytes) -> "array[int]":
    numbers = array(kind)
    numbers.frombytes(content)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
