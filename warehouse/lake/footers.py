"""The JSON in the footers of the lake's Parquet files, under one key: what each file says of itself."""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

import duckdb

from warehouse import engine
from warehouse.disk.files import Stamp, stamp_of
from warehouse.errors import DamagedError

ABOUT = "pulse"  # the key, in a Parquet file's own metadata, of what we say about the file
END = 8  # bytes that end a Parquet file: the length of its metadata, and "PAR1"
# How landings and activity are written: with Parquet's newer encodings, which take half the time to write and to read.
PARQUET = f"format parquet, parquet_version v2, kv_metadata {{{ABOUT}: $about}}"


class Footers:
    """Reads footers, and each of them once as long as its file is the same one.

    A night asks for a year of footers in every step. Whoever must not rely on what was read before asks for them
    `anew`.

    Args:
        texts: what footers say, by their `_digest`; the same bytes are not parsed twice.
    """

    def __init__(self, texts: Mapping[bytes, str] | None = None) -> None:
        self._read: dict[Path, tuple[Stamp, str]] = {}
        self._texts = dict(texts or {})

    def anew(self) -> Self:
        """Return footers that rely on no file still being the one that was read: each is read once more."""
        return type(self)(self._texts)

    def texts(self, files: Iterable[Path]) -> dict[Path, str]:
        """Return what files say of themselves.

        Args:
            files: Parquet files that all exist.

        Raises:
            DamagedError: one of them cannot be read, or says nothing under our key.
        """
        texts, unread = {}, {}
        for file in files:  # of which there are thousands: each is looked at and looked up once
            stamp = stamp_of(file)
            read, text = self._read.get(file, (None, ""))
            texts[file] = text
            if read != stamp:
                unread[file] = stamp
        for file, text in self._read_of([*unread]).items():
            self._read[file] = unread[file], text
            texts[file] = text
        return texts

    def _read_of(self, files: list[Path]) -> dict[Path, str]:
        """Read the footers of files; only what no footer before had is parsed."""
        digests = {file: _digest(file) for file in files}
        texts = {file: self._texts[digest] for file, digest in digests.items() if digest in self._texts}
        parsed = _metadata([file for file in files if file not in texts])
        self._texts.update({digests[file]: text for file, text in parsed.items()})
        return texts | parsed

    def contents(self, files: Iterable[Path], *keys: str) -> dict[Path, dict[str, Any]]:
        """Return what files say of themselves, each read as a JSON object.

        Args:
            files: Parquet files that all exist.
            keys: what each of them has to say.

        Raises:
            DamagedError: as for `texts`, or one of them says something else.
        """
        return {file: _content(file, text, keys) for file, text in self.texts(files).items()}

    def content(self, file: Path, *keys: str) -> dict[str, Any]:
        """Return what one file says of itself, as `contents`."""
        return self.contents([file], *keys)[file]


def unusable(file: Path, reason: str) -> DamagedError:
    """Return the error about a file of the lake that is not what it has to be there."""
    again = "every build makes it again" if file.parent.name == "activity" else "the next run extracts its day again"
    restored = "restore it from a backup, or delete it"
    return DamagedError(f"{file} cannot be used: {reason[:200]}; {restored}: {again}")


def _content(file: Path, text: str, keys: tuple[str, ...]) -> dict[str, Any]:
    try:
        content = json.loads(text)
    except ValueError as error:
        raise unusable(file, f"what it says of itself cannot be read ({error})") from error
    if not isinstance(content, dict) or not content.keys() >= set(keys):
        raise unusable(file, f"it does not say its {', '.join(keys)}" if keys else "what it says is no JSON object")
    return content


def _digest(file: Path) -> bytes:
    """Return the SHA-256 of a Parquet file's end: its metadata, their length, and the four bytes that end it.

    What has no such end is hashed whole; parsing it says what is wrong.
    """
    try:
        with file.open("rb") as opened:
            size = opened.seek(0, os.SEEK_END)
            opened.seek(max(size - END, 0))
            length = int.from_bytes(opened.read(END)[:4], "little") + END
            opened.seek(max(size - length, 0))
            return hashlib.sha256(opened.read()).digest()
    except OSError as error:
        raise unusable(file, str(error)) from error


def _metadata(files: list[Path]) -> dict[Path, str]:
    """Parse footers. If one of many cannot be read, each is read by itself, so that the error names it."""
    if not files:
        return {}
    query = f"select file_name, decode(value) from parquet_kv_metadata({engine.paths(files)}) where key = $about"
    try:
        with engine.reading() as connection:
            rows: list[tuple[str, str]] = connection.execute(query, {"about": ABOUT.encode()}).fetchall()
    except duckdb.Error as error:
        if len(files) > 1:
            return {file: text for single in files for file, text in _metadata([single]).items()}
        raise unusable(files[0], " ".join(str(error).split())) from error
    texts = {Path(name): text for name, text in rows}
    for file in files:
        if file not in texts:
            raise unusable(file, "it does not say what it is, so it is none of ours")
    return texts
