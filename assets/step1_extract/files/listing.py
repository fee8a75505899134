"""Which files a stream's `files` matches, each with its day and the columns of its folders, and whether they stay.

The pattern is matched by our own code, name by name: what a file is called means nothing to it, and DuckDB is handed
exact paths only. A name that begins with a dot is matched by a pattern that does, as in a shell.
"""

import os
import re
import stat
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from urllib.parse import unquote

from warehouse.configuration.sources.patterns import DAY
from warehouse.errors import SourceDriftError, SourceUnavailableError

WILD = re.compile(r"\*|\?|\{day\}")
NULL_OF_HIVE = "__HIVE_DEFAULT_PARTITION__"
LINES = 5  # of days that are missing, as a message has them


@dataclass(frozen=True)
class SourceFile:
    """One file that a pattern matches, as it was when it was listed.

    Args:
        path: absolute, as the pattern spells it, without `..`.
        day: the UTC day that `{day}` stands for, None where the pattern has none.
        size: in bytes.
        changed_at: when it was changed last, in nanoseconds since 1970.
    """

    path: Path
    day: date | None = field(compare=False)
    size: int
    changed_at: int


@dataclass(frozen=True)
class Listing:
    """Every file that a pattern matches.

    Args:
        stream: the stream's name, for messages.
        folder: what a relative pattern is relative to.
        pattern: as configured.
        last_day: files of later days count for nothing: such a day is not over, and its file is still written.
        files: the files, in the order of their paths.
    """

    stream: str
    folder: Path
    pattern: str
    last_day: date
    files: tuple[SourceFile, ...]

    @property
    def has_days(self) -> bool:
        """Whether each file is of one UTC day."""
        return DAY in self.pattern

    def of_days(self, begin: date, end: date) -> list[SourceFile]:
        """Return the files of the days from `begin` up to and without `end`; all of them where they have no days."""
        return [file for file in self.files if file.day is None or begin <= file.day < end]

    def refuse_missing(self, days: Collection[date]) -> None:
        """Make sure that each of some days has a file, where files have days.

        Raises:
            SourceUnavailableError: one has none, which may come later.
        """
        if not self.has_days:
            return
        known = {file.day for file in self.files}
        missing = [day for day in sorted(days) if day not in known]
        if missing:
            paths = [str(self.folder / self.pattern.replace(DAY, day.isoformat())) for day in missing[:LINES]]
            more = f" and of {len(missing) - LINES} days more" if len(missing) > LINES else ""
            raise SourceUnavailableError(
                f"stream {self.stream}: there is no file of {missing[0]}, {paths[0]}"
                + "".join(f", none of {day}" for day in missing[1:LINES])
                + f"{more}; nothing has landed, write it, an empty one for a day without rows, and try again"
            )

    def refuse_changed(self) -> None:
        """Make sure that listing, sizes and times of all files are what they were.

        Raises:
            SourceUnavailableError: a file came, went or was changed meanwhile.
        """
        now = {file.path: file for file in listed(self.stream, self.folder, self.pattern, self.last_day).files}
        before = {file.path: file for file in self.files}
        changed = sorted(path for path in before.keys() | now.keys() if before.get(path) != now.get(path))
        if changed:
            what = "came" if changed[0] not in before else "is gone" if changed[0] not in now else "was changed"
            raise SourceUnavailableError(
                f"stream {self.stream}: {changed[0]} {what} while its files were read; nothing has landed, try again"
            )


def listed(stream: str, folder: Path, pattern: str, last_day: date) -> Listing:
    """Return every file that a pattern matches.

    Args:
        stream: the stream's name, for messages.
        folder: what a relative pattern is relative to.
        pattern: as configured.
        last_day: the last UTC day that is over.

    Raises:
        SourceDriftError: a file's name is no UTF-8.
        SourceUnavailableError: no file is matched, or a folder cannot be read.
    """
    folder = folder.resolve()
    try:
        files = tuple(_files(folder, pattern, last_day))
    except OSError as error:
        reason = f"{error.filename} cannot be read: {error.strerror}"
        raise SourceUnavailableError(f"stream {stream}: {reason}; let our user read it") from None
    for file in files:
        if str(file.path).encode(errors="replace").decode() != str(file.path):
            raise SourceDriftError(f"stream {stream}: the name of a file is no UTF-8, {str(file.path)!r}; rename it")
    if not files:
        is_over = f" of a day up to {last_day}" if DAY in pattern else ""
        raise SourceUnavailableError(
            f"stream {stream}: no file{is_over} matches {folder / pattern}; correct the pattern, or write the files"
        )
    return Listing(stream, folder, pattern, last_day, files)


def hive_columns(folder: Path, path: Path) -> dict[str, str | None]:
    """Return the columns that the folders of a file give, those called `key=value`, as texts.

    Args:
        folder: of the configuration; what is above it gives none.
        path: the file.
    """
    inner = path.relative_to(folder) if path.is_relative_to(folder) else path
    pairs = [name.partition("=") for name in inner.parts[:-1] if "=" in name]
    return {unquote(key): None if value == NULL_OF_HIVE else unquote(value) for key, _, value in pairs if key}


def _files(folder: Path, pattern: str, last_day: date) -> Iterator[SourceFile]:
    start, parts = (Path("/"), pattern.split("/")) if pattern.startswith("/") else (folder, pattern.split("/"))
    for path, text in sorted(_matches(start, [part for part in parts if part], None)):
        day = None if text is None else _day(text)
        if text is not None and (day is None or day > last_day):
            continue
        status = path.stat()
        if stat.S_ISREG(status.st_mode):
            yield SourceFile(path, day, status.st_size, status.st_mtime_ns)


def _matches(folder: Path, parts: list[str], day: str | None) -> Iterator[tuple[Path, str | None]]:
    """Yield the paths below a folder that the parts of a pattern match, with the text of their day."""
    if not parts:
        yield folder, day
        return
    part, others = parts[0], parts[1:]
    if part in {".", ".."}:  # DuckDB drops a folder before `..`, though it may be a link to elsewhere
        yield from _matches((folder / part).resolve(), others, day)
        return
    if not WILD.search(part):
        if os.path.lexists(folder / part):
            yield from _matches(folder / part, others, day)
        return
    if not folder.is_dir():
        return
    shape = _shape(part)
    for name in os.listdir(folder):  # noqa: PTH208 - a name, whatever it is
        match = shape.fullmatch(name)
        if match is None or (name.startswith(".") and not part.startswith(".")):
            continue
        of_name = match.groupdict().get("day")
        if of_name is None or day in {None, of_name}:
            yield from _matches(folder / name, others, of_name or day)


def _shape(part: str) -> re.Pattern[str]:
    spelled, end, has_day = [], 0, False
    for wild in WILD.finditer(part):
        spelled.append(re.escape(part[end : wild.start()]))
        of_day = "(?P=day)" if has_day else r"(?P<day>\d{4}-\d{2}-\d{2})"
        spelled.append({"*": ".*", "?": "."}.get(wild[0], of_day))
        has_day = has_day or wild[0] == DAY
        end = wild.end()
    return re.compile("".join([*spelled, re.escape(part[end:])]), re.DOTALL | re.ASCII)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
