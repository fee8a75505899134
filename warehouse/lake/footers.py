"""The JSON in the footers of the lake's Parquet files, under one key: what each file says of itself."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb

from warehouse import engine
from warehouse.disk.files import Stamp, stamp_of
from warehouse.errors import DamagedError

ABOUT = "pulse"  # the key, in a Parquet file's own metadata, of what we say about the file
# How landings and activity are written: with Parquet's newer encodings, which take half the time to write and to read.
PARQUET = f"format parquet, parquet_version v2, kv_metadata {{{ABOUT}: $about}}"


class Footers:
    """Reads footers, and each of them once as long as its file is the same one.

    A night asks for a year of footers in every step. Whoever must not rely on what was read before makes another
    `Footers`.
    """

    def __init__(self) -> None:
        self._read: dict[Path, tuple[Stamp, str]] = {}

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
        for file, text in _metadata([*unread]).items() if unread else ():
            self._read[file] = unread[file], text
            texts[file] = text
        return texts

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


def _metadata(files: list[Path]) -> dict[Path, str]:
    """Read footers. If one of many cannot be read, each is read by itself, so that the error names it."""
    query = f"select file_name, decode(value) from parquet_kv_metadata({engine.paths(files)}) where key = $about"
    try:
        with duckdb.connect() as connection:
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
