"""The lake's files: where they are, which landings count, and the number of the last version.

The lake has a Parquet file per event stream and UTC day (a landing), and one per stream without days. It also holds the
learners, their zones over time, their public pages, and one roll-up per UTC day (activity). The code in `assets/`
writes them.
"""

import re
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Self

from warehouse.configuration.configuration import Configuration
from warehouse.disk.files import entries, regular_file, written_beside
from warehouse.errors import DamagedError
from warehouse.lake.footers import Footers, unusable
from warehouse.lake.landing import Landing

NAME_OF_A_DAY = re.compile(r"(?!\.).{4}-.{2}-.{2}\.parquet")
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
    _landings: dict[tuple[Path, str], Landing] = field(default_factory=dict, init=False, compare=False, repr=False)

    @classmethod
    def of(cls, configuration: Configuration) -> Self:
        """Return the lake of a configuration."""
        return cls(configuration.data_dir / "lake")

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
        """Return every landing of the configured event streams that was made under their present mapping.

        Days before `first_day`, streams no longer configured and other mappings are ignored (R23).
        """
        fingerprints = {stream.name: stream.fingerprint for stream in configuration.event_streams}
        first_day = configuration.pulse.first_day
        files = [
            self.landing(name, day) for name in fingerprints for day in _days_in(self.root / name) if day >= first_day
        ]
        landings = [self._landing(file, text) for file, text in self.footers.texts(files).items()]
        return {
            (landing.stream, landing.day): landing
            for landing in landings
            if landing.fingerprint == fingerprints[landing.stream]
        }

    def _landing(self, file: Path, text: str) -> Landing:
        """Return a landing, which must be the one that its path names: a copy under another name would count twice."""
        if (file, text) not in self._landings:
            try:
                landing = Landing.from_json(text)
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                raise unusable(file, f"what it says of itself is no landing ({error})") from error
            if (landing.stream, landing.day.isoformat()) != (file.parent.name, file.stem):
                raise unusable(file, f"it is the landing of {landing.stream} of {landing.day}")
            self._landings[file, text] = landing
        return self._landings[file, text]

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
    names = [name for name in entries(folder) if NAME_OF_A_DAY.fullmatch(name)]
    return [_day_of(folder / name) for name in names]


def _day_of(file: Path) -> date:
    try:
        return date.fromisoformat(file.stem)
    except ValueError:
        raise DamagedError(f"{file} is named after no day, so it is none of ours; move it out of the lake") from None
