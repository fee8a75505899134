"""What a version is called, and what is written beside it.

Where versions are, and which of them is current, is `versions.py`.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import date, datetime
from pathlib import Path
from typing import Self

from warehouse.disk.files import regular_file
from warehouse.versions.remarks import Remarks, UnknownRows

VERSION_NAME = re.compile(r"pulse-(\d{4}-\d{2}-\d{2})-(\d{6,})")

KINDS_OF_FIELDS = {
    "version": str,
    "sha256": str,
    "size": int,
    "rows": dict,
    "logical_hash": str,
    "data_through": str,
    "built_at": str,
    "schema_version": int,
    "erased": int,
    "lookup_sha256": str,
    "lookup_size": int,
    "kept_from": str,
    "in_full": str,
    "drift": str,
    "seconds": dict,
}


@dataclass(frozen=True)
class Manifest:
    """What is written beside a version.

    Args:
        version: its name, `pulse-<newest day>-<sequence>`.
        sha256: of the file's bytes, in hex.
        size: of the file, in bytes.
        rows: rows of each public table.
        logical_hash: as in `version_info` (R24).
        data_through: the instant up to which it is complete, ISO 8601.
        built_at: when it was built, ISO 8601.
        schema_version: of the public tables.
        engine_version: the DuckDB that built it.
        zone_data_version: the tzdata that cut its dates.
        accepted: guards that an operator let through for it.
        warnings: what it says of its sources that stopped nothing, a line each; none in an old manifest.
        unknown_rows: of each event stream, how many landed rows are of unknown learners (R21), and of how many.
        erased: how many erased learners were on the list (`warehouse/erasure/suppression.py`).
        lookup_sha256: of the look-up file's bytes, in hex; empty if the version has none.
        lookup_size: of the look-up file, in bytes.
        kept_from: the version before, whose rows are kept where nothing has changed; empty if it was built in full.
        in_full: why it was built in full; empty if something was kept, and in an old manifest.
        drift: what was wrong with what had been kept, so that it was built in full; empty if nothing was.
        seconds: by step, how long those took that the run had done by then; none in an old manifest.
    """

    version: str
    sha256: str
    size: int
    rows: Mapping[str, int]
    logical_hash: str
    data_through: str
    built_at: str
    schema_version: int
    engine_version: str
    zone_data_version: str
    accepted: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    unknown_rows: UnknownRows = field(default_factory=dict)
    erased: int = 0
    kept_from: str = ""
    in_full: str = ""
    drift: str = ""
    lookup_sha256: str = ""
    lookup_size: int = 0
    seconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def has_lookup_file(self) -> bool:
        """Whether the version was made with a look-up file; those of schema 4 and before were not."""
        return bool(self.lookup_sha256)

    def to_json(self) -> str:
        """Return the manifest's text."""
        return json.dumps(asdict(self), indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote, or a later release, of which we leave out what we do not know.

        Raises:
            ValueError, TypeError, KeyError: it is not that.
        """
        content = json.loads(text)
        if not isinstance(content, dict):
            raise TypeError("it is no object")
        content = {field.name: content[field.name] for field in fields(cls) if field.name in content}
        remarks = Remarks.of(content)
        parsed = {
            "accepted": tuple(content["accepted"]),
            "warnings": remarks.warnings,
            "unknown_rows": remarks.unknown_rows,
        }
        manifest = cls(**{**content, **parsed})
        wrong = [name for name, kind in KINDS_OF_FIELDS.items() if not isinstance(getattr(manifest, name), kind)]
        if wrong or not all(isinstance(number, int) for number in manifest.rows.values()):
            raise ValueError(f"{', '.join(wrong) or 'rows'} is not what we write")
        instants = [datetime.fromisoformat(text) for text in (manifest.built_at, manifest.data_through)]
        if any(instant.tzinfo is None for instant in instants):
            raise ValueError("an instant has no zone")
        return manifest


def version_name(newest_day: date, sequence: int) -> str:
    """Return the name of a version."""
    return f"pulse-{newest_day.isoformat()}-{sequence:06}"


def newest_day_of(version: str) -> date:
    """Return the newest UTC day in a version, by its name."""
    return date.fromisoformat(version.removeprefix("pulse-")[:10])


def sequence_of(version: str) -> int:
    """Return the sequence number in a version's name."""
    return int(version.rpartition("-")[2])


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file that this process does not have open in DuckDB."""
    with regular_file(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
