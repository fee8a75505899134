"""Remarks of a version about its sources, and about itself: they stop nothing, and must not be overlooked.

The build works it out (`assets/step5_build/remarks/remarks.py`), and the manifest keeps it. The night prints it, and so
do `pulse status` and `/health/detailed`. No line ever has an id, a username or a secret.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self, TypeAlias

from warehouse.disk.files import regular_file, writing
from warehouse.errors import CheckFailedError

UnknownRows: TypeAlias = Mapping[str, tuple[int, int]]  # by stream: rows of unknown learners, and all rows


@dataclass(frozen=True)
class Remarks:
    """What a version says of its sources, and of how it was made.

    Args:
        warnings: what somebody should look at, a line each.
        unknown_rows: of each event stream, how many landed rows are of unknown learners (R21), and of how many.
        kept_from: the version before, whose rows are kept where nothing has changed; empty if it was built in full.
        in_full: why it was built in full; empty if something was kept.
        drift: what was wrong with what had been kept; empty if nothing was.
    """

    warnings: tuple[str, ...] = ()
    unknown_rows: UnknownRows = field(default_factory=dict)
    kept_from: str = ""
    in_full: str = ""
    drift: str = ""

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Self:
        """Return the remarks in a JSON object; one that was written before there were any has none."""
        counts = {stream: (unknown, rows) for stream, (unknown, rows) in content.get("unknown_rows", {}).items()}
        how = [content.get(name, "") for name in ("kept_from", "in_full", "drift")]
        return cls(tuple(content.get("warnings", ())), counts, *how)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Return what `write` wrote.

        Raises:
            CheckFailedError: it is not there, or it is something else.
        """
        try:
            return cls.of(json.loads(regular_file(path).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError, AttributeError) as error:
            message = f"what the build had to say in {path} cannot be read ({error}); run `pulse build` again"
            raise CheckFailedError(message) from error

    def write(self, path: Path) -> None:
        """Keep the remarks of a version beside it until it has its manifest."""
        with writing(path):
            path.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")

    def lines(self) -> Iterator[str]:
        """Yield what a night prints: the unknown rows, always, and every warning."""
        yield f"unknown learners: {unknown_rows_line(self.unknown_rows)}"
        yield from (f"warning: {warning}" for warning in self.warnings)


def unknown_rows_line(unknown_rows: UnknownRows) -> str:
    """Return the unknown rows of every stream in one line."""
    return ", ".join(f"{stream} {unknown:,} of {rows:,} rows" for stream, (unknown, rows) in unknown_rows.items())
