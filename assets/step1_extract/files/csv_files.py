"""A CSV file before DuckDB reads it: its delimiter and the names in its first line, and that its last text has an end.

DuckDB reads a file of more than one buffer by several threads, which fails on line breaks in texts. Told to use one
thread it says nothing of a last text that is not closed, as where an export was cut off, and leaves it out. So there we
count the quotes ourselves: of a file that is whole they are even.
"""

import csv
import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from warehouse.errors import SourceDriftError

DELIMITERS = ",;\t|"
LARGE = 8_000_000  # bytes, a quarter of DuckDB's buffer
AT_ONCE = 1 << 20


class Header(NamedTuple):
    """What is known of a CSV file before it is read.

    Args:
        names: of its columns, in their order.
        delimiter: what stands between them.
        is_large: whether only one thread may read it.
    """

    names: tuple[str, ...]
    delimiter: str
    is_large: bool


def header(stream: str, path: Path, used: Sequence[str]) -> Header:
    """Look at a CSV file.

    Args:
        stream: the stream's name, for messages.
        path: the file, compressed if its name ends in `.gz`.
        used: names that the first line has to have; the delimiter is the one with which it does.

    Raises:
        SourceDriftError: it is no CSV file in UTF-8, has no first line, two columns of one name, or ends in a text.
    """
    try:
        delimiter, names = _first_line(path, used)
        is_large = path.suffix == ".gz" or path.stat().st_size > LARGE
        is_whole = not is_large or _quotes(path) % 2 == 0
    except (UnicodeDecodeError, csv.Error, EOFError, gzip.BadGzipFile):
        raise SourceDriftError(f"stream {stream}: {path} is no CSV file in UTF-8; write it so") from None
    if not names:
        raise SourceDriftError(f"stream {stream}: {path} has no first line with the names of its columns")
    lower = [name.lower() for name in names]
    if twice := sorted({name for name in names if lower.count(name.lower()) > 1}):
        raise SourceDriftError(f'stream {stream}: {path} has two columns "{twice[0]}"; name them differently')
    if not is_whole:
        raise SourceDriftError(f"stream {stream}: {path} has a quote that is not closed; write the file again")
    return Header(names, delimiter, is_large)


def _first_line(path: Path, used: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    headers = {}
    for delimiter in DELIMITERS:
        with _opened(path, "rt", encoding="utf-8-sig", newline="") as opened:
            names = next(csv.reader(opened, delimiter=delimiter), ())
        headers[delimiter] = tuple(name or f"column_{number}" for number, name in enumerate(names, start=1))
    delimiter = next((known for known, names in headers.items() if set(used) <= set(names)), DELIMITERS[0])
    return delimiter, headers[delimiter]


def _quotes(path: Path) -> int:
    count = 0
    with _opened(path, "rb") as opened:
        while content := opened.read(AT_ONCE):
            count += content.count(b'"')
    return count


def _opened(path: Path, mode: str, **options: str) -> Any:  # noqa: ANN401 - text or bytes
    return gzip.open(path, mode, **options) if path.suffix == ".gz" else path.open(mode, **options)  # type: ignore[call-overload] # as given
