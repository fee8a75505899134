"""The lake's files: where they are, which landings count, and the number of the last version.

The lake has a Parquet file per event stream and UTC day (a landing), and one per stream without days. It also holds the
learners, their zones over time, their public pages, and one roll-up per UTC day (activity). The code in `assets/`
writes them.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Self

from warehouse.configuration.configuration import Configuration
from warehouse.disk.files import entries, regular_file, written_beside
from warehouse.errors import DamagedError
from warehouse.lake.footers import Footers, unusable
from warehouse.lake.kept import counting
from warehouse.lake.landing import Landing

NAME_OF_A_DAY = re.compile(r"(?!\.).{4}-.{2}-.{2}\.parquet")
MOST_REMEMBERED = 2**16  # landings of years: twenty streams, nine years
DIGITS = re.compile(r"\d{1,18}", re.ASCII)


@dataclass(frozen=True)
class Lake:
    """The lake folder of a data folder.

    Args:
        root: `data_dir/lake`.
        footers: what has been read of its files; shared by all users of this object.
    """

    root: Path
    footers: Footers = field(default_factory=Footers, compare=False, repr=False)
    _landings: dict[Path, tuple[str, Landing]] = field(default_factory=dict, init=False, compare=False, repr=False)
    _files: dict[tuple[str, str], Path] = field(default_factory=dict, init=False, compare=False, repr=False)

    @classmethod
    def of(cls, configuration: Configuration) -> Self:
        """Return the lake of a configuration."""
        return cls(configuration.data_dir / "lake")

    def anew(self) -> Self:
        """Return the same lake, of which nothing that was read is relied upon."""
        return type(self)(self.root, self.footers.anew())

    @property
    def users(self) -> Path:
        """The file of the learners as they are now (R3)."""
        return self.root / "users.parquet"

    @property
    def zones(self) -> Path:
        """The file of the learners' zones over time (R3)."""
        return self.root / "zones.parquet"

    @property
    def profiles(self) -> Path:
        """The file of the names that have a public page, and whose they are (docs/guide/embed.md)."""
        return self.root / "profiles.parquet"

    @property
    def lookups(self) -> Path:
        """The file of the keys that events have instead of learners' ids, and whose they are (`lookups.py`)."""
        return self.root / "lookups.parquet"

    @property
    def accepted_quarantine(self) -> Path:
        """The file of the quarantined rows that an operator let through (R22)."""
        return self.root / "accepted_quarantine.parquet"

    @property
    def restatements(self) -> Path:
        """The file of what versions have restated, for learners who are gone too."""
        return self.root / "restatements.parquet"

    @property
    def basis(self) -> Path:
        """The file of what the last version put in place was made from (`warehouse/versions/basis.py`)."""
        return self.root / "basis.parquet"

    @property
    def sums(self) -> Path:
        """The file of the sums by day that were made for that version (`assets/step5_build/sums`)."""
        return self.root / "sums.parquet"

    @property
    def suppressed(self) -> Path:
        """The file of the list of erased learners (`warehouse/erasure/suppression.py`)."""
        return self.root / "suppressed.json"

    @property
    def erasures(self) -> Path:
        """The folder of the receipts of erasures."""
        return self.root / "erasures"

    @property
    def proofs(self) -> Path:
        """The file of the times at which landings were found equal to their sources (`proofs.py`)."""
        return self.root / "proofs.parquet"

    @property
    def sequence(self) -> Path:
        """The file of the last version number."""
        return self.root / "sequence"

    def landing(self, stream: str, day: date) -> Path:
        """Return the path of a landing."""
        return self.root / stream / f"{day.isoformat()}.parquet"

    def undated(self, stream: str) -> Path:
        """Return the path of a stream's rows that have no day (R19)."""
        return self.root / stream / "undated.parquet"

    def activity(self, day: date) -> Path:
        """Return the path of a UTC day's roll-up."""
        return self.root / "activity" / f"{day.isoformat()}.parquet"

    def activity_days(self) -> list[date]:
        """Return the UTC days that have a roll-up, in order."""
        return _days_in(self.root / "activity")

    def landings(self, configuration: Configuration) -> dict[tuple[str, date], Landing]:
        """Return every landing of the configured event streams that counts.

        Days before `first_day`, streams no longer configured and other mappings are ignored (R23), but for days that a
        source has purged (`kept.py`).
        """
        return counting(configuration, self.landed(configuration))

    def landed(self, configuration: Configuration) -> dict[tuple[str, date], Landing]:
        """Return every landing of the configured event streams from `first_day` on, under whatever mapping."""
        first_day = configuration.pulse.first_day
        names = [stream.name for stream in configuration.event_streams]
        return self._landed([file for name in names for file in self._landing_files(name, first_day)])

    def landed_of_day(self, configuration: Configuration, day: date) -> dict[tuple[str, date], Landing]:
        """Return the landings of one day, as `landed`; no other file is read."""
        names = [stream.name for stream in configuration.event_streams]
        return self._landed([file for name in names if (file := self.landing(name, day)).exists()])

    def _landing_files(self, stream: str, first_day: date) -> Iterator[Path]:
        """Yield the files of a stream's days; a night asks again and again, so each path is made once."""
        folder = self.root / stream
        for name in _names_of_days(folder):
            if _day_of(folder, name) >= first_day:
                file = self._files.get((stream, name))
                if file is None:
                    file = self._files[stream, name] = folder / name
                yield file

    def _landed(self, files: Iterable[Path]) -> dict[tuple[str, date], Landing]:
        landings = [self._landing(file, text) for file, text in self.footers.texts(files).items()]
        return {(landing.stream, landing.day): landing for landing in landings}

    def _landing(self, file: Path, text: str) -> Landing:
        """Return a landing, which must be the one that its path names: a copy under another name would count twice."""
        of_text, landing = self._landings.get(file, ("", None))
        if landing is None or of_text != text:
            try:
                landing = _landing_from(text)
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                raise unusable(file, f"what it says of itself is no landing ({error})") from error
            if (landing.stream, landing.day.isoformat()) != (file.parent.name, file.stem):
                raise unusable(file, f"it is the landing of {landing.stream} of {landing.day}")
            self._landings[file] = text, landing
        return landing

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
            text = regular_file(self.sequence).read_text(encoding="ascii").strip()
        except FileNotFoundError:
            return 0
        except UnicodeDecodeError:
            text = ""
        except IsADirectoryError:
            text = ""
        if not DIGITS.fullmatch(text):
            raise DamagedError(
                f"{self.sequence} has no number of the last version; write the highest that `pulse versions` lists "
                "into it, or one above every version that there has ever been"
            )
        return int(text)


def _days_in(folder: Path) -> list[date]:
    return [_day_of(folder, name) for name in _names_of_days(folder)]


def _names_of_days(folder: Path) -> list[str]:
    return [name for name in entries(folder) if NAME_OF_A_DAY.fullmatch(name)]


def _day_of(folder: Path, name: str) -> date:
    day = _day_named(name)
    if day is None:
        raise DamagedError(f"{folder / name} is named after no day, so it is none of ours; move it out of the lake")
    return day


@lru_cache(MOST_REMEMBERED)
def _day_named(name: str) -> date | None:
    with suppress(ValueError):
        return date.fromisoformat(name.removesuffix(".parquet"))
    return None


@lru_cache(MOST_REMEMBERED)
def _landing_from(text: str) -> Landing:
    """Return what a text says. Who reads a lake anew reads its files; what the same text says is the same."""
    return Landing.from_json(text)
