"""Step 5: what of the version before may be kept in the next one, or why nothing may.

*Before* is the version that `lake/basis.parquet` names, whatever readers get: pins and rollbacks do not matter. Its
`daily_activity` is a function of the activity, of the learners and of what `fingerprint` names. So with the same
fingerprint, a learner's row of a date that no changed UTC day can reach is what it was. In doubt nothing is kept.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import duckdb

from assets.night.night import Night
from warehouse import engine, zones
from warehouse.configuration.configuration import Configuration
from warehouse.errors import DamagedError, NoVersionError
from warehouse.lake.lake import Lake
from warehouse.versions.basis import Basis
from warehouse.versions.manifest import sha256_of
from warehouse.versions.schema import SCHEMA_VERSION
from warehouse.versions.versions import Warehouse

STEPS = Path(__file__).parents[2]
# From landing to `daily_activity`, sums by day and profiles: the folders whose files decide what a row is.
RULES = (
    STEPS / "step2_land",
    STEPS / "step4_roll_up",
    Path(__file__).parent,
    Path(__file__).parents[1] / "sums",
    Path(__file__).parents[1] / "profile",
)
PARTS_PROVEN = 32  # ranges of keys: each version proves one (`proof.py`)


@dataclass(frozen=True)
class Kept:
    """A version whose rows are kept where nothing has changed.

    Args:
        version: its name.
        file: its file, which is what its manifest says.
        days: the UTC days of the version that is being built, in order.
        changed_days: the UTC days whose activity is another than it was.
        part: which of the `PARTS_PROVEN` ranges of keys is proven now; they take turns from version to version.
        proven: the numbers of all ranges that are proven.
    """

    version: str
    file: Path
    days: Sequence[date]
    changed_days: Sequence[date]
    part: int
    proven: Sequence[int]


def kept_of_before(night: Night, basis: Basis, *, is_proven_whole: bool = False) -> Kept | str:
    """Return what is kept of the version before, or the reason for keeping nothing.

    Args:
        night: where lake and warehouse are.
        basis: what the version that is being built is made from.
        is_proven_whole: whether all that is kept is proven, and not a part.

    Raises:
        DamagedError: what the version before was made from cannot be read.
    """
    before = Basis.read(night.lake)
    if before is None:
        return "there is no version before"
    if not before.made_by:
        return f"what {before.version} was made by is not known"
    names = basis.made_by.keys() | before.made_by.keys()
    if others := sorted(name for name in names if basis.made_by.get(name) != before.made_by.get(name)):
        return f"another {', another '.join(others)} than of {before.version}"
    if damage := damage_of(night.warehouse, before.version):
        return damage
    if missing := _without_sums(night.lake, before.version):
        return missing
    file = night.warehouse.file(before.version)
    changed_days = sorted(basis.days_to_group(before))
    part = (before.part + 1) % PARTS_PROVEN
    proven = range(PARTS_PROVEN) if is_proven_whole else [part]
    return Kept(before.version, file, sorted(basis.content_hashes), changed_days, part, proven)


def _without_sums(lake: Lake, version: str) -> str:
    """Return why the sums by day are not those of a version; empty if they are."""
    try:
        counted = lake.footers.content(lake.sums, "version")["version"] if lake.sums.exists() else None
    except DamagedError as error:
        return str(error)
    return "" if counted == version else f"what {version} summed up is not known"


def damage_of(warehouse: Warehouse, version: str) -> str:
    """Return why a version's file is not what was published; empty if it is."""
    file = warehouse.file(version)
    try:
        is_the_same = sha256_of(file) == warehouse.manifest(version).sha256
    except (OSError, NoVersionError) as error:
        return f"{version} cannot be read: {error}"
    return "" if is_the_same else f"{file} is not what its manifest says"


def fingerprint(configuration: Configuration) -> dict[str, str]:
    """Return what `daily_activity` depends on beside activity and learners, each by the name that a reason gives it."""
    pulse = configuration.pulse
    streams = [*configuration.users_streams, *configuration.activity_streams]
    mappings = {stream.name: [stream.kind, stream.fingerprint] for stream in streams}
    return {
        "schema": str(SCHEMA_VERSION),
        "DuckDB": duckdb.__version__,
        "code": code_hash(),
        "zone data": zones.data_version(),
        "set of streams or mapping": hashlib.sha256(json.dumps(mappings, sort_keys=True).encode()).hexdigest(),
        "first_day": pulse.first_day.isoformat(),
        "default_timezone": pulse.default_timezone,
    }


@cache
def code_hash() -> str:
    """Return a hash of every model and module from landing to `daily_activity` and to what the profile keeps."""
    files = [file for folder in RULES for suffix in ("sql", "py") for file in folder.rglob(f"*.{suffix}")]
    hashed = hashlib.sha256()
    for file in sorted([*files, *engine.MACROS]):
        hashed.update(f"{file.name} {hashlib.sha256(file.read_bytes()).hexdigest()} ".encode())
    return hashed.hexdigest()
