"""The pin: by it an operator keeps the pointer on a version, whatever nights publish meanwhile.

It is one small file beside the pointer, read and written under the pointer's lock. `versions.py` obeys it.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from warehouse.disk.files import regular_file, written_beside

UNKNOWN = "unknown"


@dataclass(frozen=True)
class Pin:
    """Which version the pointer stays on.

    Args:
        version: its name.
        since: when it was pinned, ISO 8601 in UTC.
    """

    version: str
    since: str

    def __str__(self) -> str:
        """Return what a person reads about it."""
        return f"{self.version} is pinned since {self.since}"

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """Return the pin of a file, None if there is no file. A pin that cannot be read still holds."""
        try:
            content = json.loads(regular_file(path).read_text(encoding="utf-8"))
            return cls(str(content["version"]), str(content["since"]))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError):
            return cls(UNKNOWN, UNKNOWN)

    def write(self, path: Path) -> None:
        """Write the pin to a file."""
        with written_beside(path) as unfinished:
            unfinished.write_text(json.dumps(asdict(self)) + "\n", encoding="utf-8")
