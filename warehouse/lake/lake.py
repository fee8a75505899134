"""The lake's files: where they are, what a landing says of itself, and how far the streams have landed.

The lake holds one Parquet file per event stream and UTC day (a landing), one per stream for rows without a day, the
learners, their zones over time and their public pages, and one roll-up per UTC day (activity). Who writes them is
`assets/`.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Self, TypeAlias

import duckdb

from warehouse import engine
from warehouse.configuration.configuration import Configuration, Stream
from warehouse.disk.files import a_file, entries, written_beside
from warehouse.errors import DamagedError

DAY = timedelta(days=1)
NAME_OF_A_DAY = re.compile(r"(?!\.).{4}-.{2}-.{2}\.parquet")
DIGITS = re.compile(r"\d{1,18}", re.ASCII)
Figures: TypeAlias = Mapping[str, str]  # of a day, as its source says them: `rows`, `amount`, `checksum`, …
NO_ROWS: Figures = {"rows": "0"}
ABOUT = "pulse"  # the key, in a Parquet file's own metadata, of what we say about the file
# How landings and activity are written: with Parquet's newer encodings, which take half the time to write and to read.
PARQUET = f"format parquet, parquet_version v2, kv_metadata {{{ABOUT}: $about}}"


@dataclass(frozen=True)
class Landing:
    """What a landing says of itself, in the metadata of its file.

    Args:
        stream: the stream's name.
        day: the UTC day (R2).
        fingerprint: the mapping that it was made under (R23).
        extracted_at: when its snapshot was taken, UTC, ISO 8601.
        source_rows: rows of that day in the source, by the source's own count; `rows + quarantined + duplicates`.
        rows: rows that passed R19 and R20.
        quarantined: rows that broke a rule (R19).
        duplicates: rows dropped because their id counts once (R20).
        conflicts: ids that came with differing content (R20).
        sums: what activity has to conserve: `events`, and `amount` or `passed`.
        content_hash: order-independent hash of the rows, in decimal.
        source: what the source said itself in the same snapshot, by days as it spells them; empty in a landing of a
            time when that was not asked.
        columns: type of every column that the source's table had, mapped or not.
        foreign_duplicates: duplicates of another learner than the row that counts (R20); 0 in a landing of a time when
            that was not counted.
        is_table_empty: whether the source's policies, where they are meant, left no row of any day to be seen.
    """

    stream: str
    day: date
    fingerprint: str
    extracted_at: str
    source_rows: int
    rows: int
    quarantined: int
    duplicates: int
    conflicts: int
    sums: Mapping[str, int]
    content_hash: str
    source: Mapping[str, Figures] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    foreign_duplicates: int = 0
    is_table_empty: bool = False

    def to_json(self) -> str:
        """Return the text that the file carries."""
        return json.dumps({**asdict(self), "day": self.day.isoformat()})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote."""
        content = json.loads(text)
        return cls(**{**content, "day": date.fromisoformat(content["day"])})


@dataclass(frozen=True)
class Lake:
    """The lake folder of a data folder.

    Args:
        root: `data_dir/lake`.
    """

    root: Path

    @classmethod
    def of(cls, configuration: Configuration) -> Self:
        """Return the lake of a configuration."""
        return cls(configuration.data_dir / "lake")

    @property
    def users(self) -> Path:
        """The place of the learners as they are now (R3)."""
        return self.root / "users.parquet"

    @property
    def zones(self) -> Path:
        """The place of the learners' zones over time (R3)."""
        return self.root / "zones.parquet"

    @property
    def profiles(self) -> Path:
        """The place of the names that have a public page, and whose they are (docs/guide/embed.md)."""
        return self.root / "profiles.parquet"

    @property
    def accepted_quarantine(self) -> Path:
        """The place of the quarantined rows that an operator let through (R22)."""
        return self.root / "accepted_quarantine.parquet"

    @property
    def restatements(self) -> Path:
        """The place of what versions have restated, for learners who are gone too."""
        return self.root / "restatements.parquet"

    @property
    def basis(self) -> Path:
        """The place of what the last version put in place was made from (`warehouse/versions/basis.py`)."""
        return self.root / "basis.parquet"

    @property
    def suppressed(self) -> Path:
        """The place of the list of erased learners (`warehouse/erasure/suppression.py`)."""
        return self.root / "suppressed.json"

    @property
    def erasures(self) -> Path:
        """The folder of the receipts of erasures."""
        return self.root / "erasures"

    @property
    def proofs(self) -> Path:
        """The place of when landings were found equal to their sources (`proofs.py`)."""
        return self.root / "proofs.parquet"

    @property
    def sequence(self) -> Path:
        """The place of the last version number."""
        return self.root / "sequence"

    def landing(self, stream: str, day: date) -> Path:
        """Return the place of a landing."""
        return self.root / stream / f"{day.isoformat()}.parquet"

    def undated(self, stream: str) -> Path:
        """Return the place of a stream's rows that have no day (R19)."""
        return self.root / stream / "undated.parquet"

    def activity(self, day: date) -> Path:
        """Return the place of a UTC day's roll-up."""
        return self.root / "activity" / f"{day.isoformat()}.parquet"

    def activity_days(self) -> list[date]:
        """Return the UTC days that have a roll-up, in order."""
        return _days_in(self.root / "activity")

    def landings(self, configuration: Configuration) -> dict[tuple[str, date], Landing]:
        """Return every landing of the configured event streams that was made under their present mapping.

        Days before `first_day`, streams no longer configured and other mappings are ignored (R23).
        """
        fingerprints = {stream.name: stream.fingerprint for stream in configuration.event_streams}
        first_day = configuration.pulse.first_day
        places = [
            self.landing(name, day) for name in fingerprints for day in _days_in(self.root / name) if day >= first_day
        ]
        found = [_landing(place, text) for place, text in about(places).items()]
        return {
            (landing.stream, landing.day): landing
            for landing in found
            if landing.fingerprint == fingerprints[landing.stream]
        }

    def next_sequence(self, above: int = 0) -> int:
        """Return a number that no version had before, and remember it; it lives here to survive the warehouse.

        Args:
            above: the highest that is known elsewhere, for a lake that has lost its own.
        """
        number = max(self.last_sequence(), above) + 1
        with written_beside(self.sequence) as unfinished:
            unfinished.write_text(str(number), encoding="ascii")
        return number

    def last_sequence(self) -> int:
        """Return the last version number, 0 before the first.

        Raises:
            DamagedError: the file has no number; going on from another could give a name twice.
        """
        try:
            text = a_file(self.sequence).read_text(encoding="ascii").strip()
        except FileNotFoundError:
            return 0
        except UnicodeDecodeError:
            text = ""
        except IsADirectoryError:
            text = ""
        if not DIGITS.fullmatch(text):
            message = (
                f"{self.sequence} has no number of the last version; write the highest that `pulse versions` lists "
                "into it, or one above every version that there has ever been"
            )
            raise DamagedError(message)
        return int(text)


def newest_day(configuration: Configuration, landed: Iterable[tuple[str, date]]) -> date | None:
    """Return the last UTC day up to which every event stream has landed without a gap, None without `first_day`.

    Args:
        configuration: names the streams and `first_day`.
        landed: the streams and days that are there, such as the keys of `Lake.landings`.
    """
    there = set(landed)
    day = configuration.pulse.first_day
    while all((stream.name, day) in there for stream in configuration.event_streams):
        day += DAY
    return None if day == configuration.pulse.first_day else day - DAY


def missing_days(stream: Stream, first: date, last: date, landed: Iterable[tuple[str, date]]) -> set[date]:
    """Return the days of `[first, last]` that a stream lacks, or has landed under another mapping (R23)."""
    there = set(landed)
    return {day for day in days_between(first, last) if (stream.name, day) not in there}


def days_between(first: date, last: date) -> list[date]:
    """Return every day from `first` to `last`, both included."""
    return [first + n * DAY for n in range((last - first).days + 1)]


def about(places: list[Path]) -> dict[Path, str]:
    """Return what Parquet files say of themselves under the key `pulse`, by file.

    Args:
        places: files that all exist.
    """
    stamps = {place: _stamp(place) for place in places}
    unread = [place for place in places if _read.get(place, (None, ""))[0] != stamps[place]]
    if unread:
        _read.update({place: (stamps[place], text) for place, text in _metadata(unread).items()})
    return {place: _read[place][1] for place in places}


def described(places: list[Path], *keys: str) -> dict[Path, dict[str, Any]]:
    """Return what Parquet files say of themselves, as `about`, read as a JSON object.

    Args:
        places: files that all exist.
        keys: what each of them has to say.

    Raises:
        DamagedError: one of them cannot be read, or says something else.
    """
    found = {}
    for place, text in about(places).items():
        try:
            content = json.loads(text)
        except ValueError as error:
            raise unusable(place, f"what it says of itself cannot be read ({error})") from error
        if not isinstance(content, dict) or not content.keys() >= set(keys):
            raise unusable(place, f"it does not say its {', '.join(keys)}")
        found[place] = content
    return found


def _metadata(places: list[Path]) -> dict[Path, str]:
    """Read what files say of themselves; whichever cannot be read, or says nothing, is the culprit of the error."""
    query = f"select file_name, decode(value) from parquet_kv_metadata({engine.paths(places)}) where key = $about"
    try:
        with duckdb.connect() as connection:
            rows: list[tuple[Any, ...]] = connection.execute(query, {"about": ABOUT.encode()}).fetchall()
    except duckdb.Error as error:
        if len(places) > 1:
            return {place: text for one in places for place, text in _metadata([one]).items()}
        raise unusable(places[0], " ".join(str(error).split())) from error
    found = {Path(name): text for name, text in rows}
    for place in places:
        if place not in found:
            raise unusable(place, "it does not say what it is, so it is none of ours")
    return found


def unusable(place: Path, reason: str) -> DamagedError:
    """Return the error about a file of the lake that is not what it has to be there."""
    again = "every build makes it again" if place.parent.name == "activity" else "the next run extracts its day again"
    restored = "restore it from a backup, or delete it"
    return DamagedError(f"{place} cannot be used: {reason[:200]}; {restored}: {again}")


@lru_cache(maxsize=20_000)  # some streams over some years; a text that another file has is another entry
def _landing(place: Path, text: str) -> Landing:
    """Read a landing, which must be the one that its place is for: a copy under another name counts twice."""
    try:
        landing = Landing.from_json(text)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise unusable(place, f"what it says of itself is no landing ({error})") from error
    if (landing.stream, landing.day.isoformat()) != (place.parent.name, place.stem):
        raise unusable(place, f"it is the landing of {landing.stream} of {landing.day}")
    return landing


# What has been read, by file and the stamp that it had: every step of a night asks for a year of footers.
_read: dict[Path, tuple[tuple[int, int], str]] = {}


def _stamp(place: Path) -> tuple[int, int]:
    """What changes when another file is renamed into a place."""
    status = place.stat()
    return status.st_ino, status.st_mtime_ns


def _days_in(folder: Path) -> list[date]:
    names = [name for name in entries(folder) if NAME_OF_A_DAY.fullmatch(name)]
    return [_day_of(folder / name) for name in names]


def _day_of(place: Path) -> date:
    try:
        return date.fromisoformat(place.stem)
    except ValueError:
        message = f"{place} is named after no day, so it is none of ours; move it out of the lake"
        raise DamagedError(message) from None
