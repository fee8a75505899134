"""What `pulse check` looks at around the sources: data folder, disk, lake, pointer, versions, and how far nights are.

Nothing is written and no lock is taken, so it may be asked while a night runs.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from assets.erase.receipt import unfinished, unreadable
from assets.examine.finding import Finding
from warehouse import clock
from warehouse.condition import damage, readiness, space
from warehouse.configuration.configuration import Configuration
from warehouse.disk import owners
from warehouse.disk.files import entries
from warehouse.disk.lock_holder import UNSEEN, holder_of
from warehouse.erasure.erased import erased_of
from warehouse.errors import DamagedError, NoVersionError, PulseError
from warehouse.lake.days import DAY, newest_day
from warehouse.lake.lake import Lake
from warehouse.versions.manifest import VERSION_NAME, Manifest
from warehouse.versions.schema import SERVED, is_served
from warehouse.versions.verification import verify, verify_lookup_file
from warehouse.versions.versions import Warehouse

FOLDER, LAKE, WAREHOUSE = "data folder", "lake", "warehouse"
NIGHTS_BEHIND = 2  # days that are over and have not landed, of which one may be that of a night to come
MOST_FILES = 5  # that are named


def look_around(configuration: Configuration) -> Iterator[Finding]:
    """Yield what there is to say of a data folder; a look that fails hides no other.

    Args:
        configuration: any.
    """
    looks: tuple[tuple[str, str, Callable[[Configuration], Iterator[Finding]]], ...] = (
        (FOLDER, "access", _access),
        (FOLDER, "disk", _disk),
        (FOLDER, "files", _files),
        (LAKE, "erasures", _erasures),
        (LAKE, "nights", _nights),
        (WAREHOUSE, "pointer", _pointer),
        (WAREHOUSE, "versions", _versions),
    )
    for subject, check, look in looks:
        try:
            yield from look(configuration)
        except PulseError as error:
            yield Finding.of_error(subject, check, error)
        except OSError as error:
            yield Finding.of_error(subject, check, damage.system_error_line(error, configuration.data_dir))


def is_behind(configuration: Configuration) -> bool:
    """Tell whether the lake lacks more of the last days than a night that is still to come would bring.

    Raises:
        PulseError: a landing is damaged.
    """
    newest = newest_day(configuration, Lake.of(configuration).landings(configuration))
    return newest is None or newest + NIGHTS_BEHIND * DAY <= clock.last_day_over()


def runs_now(configuration: Configuration) -> bool:
    """Tell whether the lock of runs is held, as far as that can be seen without trying to hold it."""
    with suppress(OSError):
        descriptor = os.open(configuration.data_dir / "run.lock", os.O_RDONLY | os.O_CLOEXEC)
        try:
            return holder_of(descriptor) != UNSEEN
        finally:
            os.close(descriptor)
    return False


def _access(configuration: Configuration) -> Iterator[Finding]:
    folder = configuration.data_dir
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        user = owners.user_name(os.geteuid())
        message = f"{existing} is not writable for user {user}, so no night of this user can land anything"
        yield Finding(FOLDER, "access", "failed", message, "run as its owner, or set pulse.data_dir")
    elif folder.exists():
        yield Finding(FOLDER, "access", "ok", f"{folder} is ours to write to")
    else:
        yield Finding(FOLDER, "access", "ok", f"{folder} is not there yet; the first night makes it")
    if not configuration.pulse.group and (is_open := owners.kept_open(folder)):
        yield Finding(FOLDER, "access", "warning", is_open)
    owners.group_number(configuration.pulse.group)


def _disk(configuration: Configuration) -> Iterator[Finding]:
    space.refuse_if_short(configuration)
    folder = configuration.data_dir
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    yield Finding(FOLDER, "disk", "ok", f"{free / 1e9:,.1f} GB are free, more than a night needs")


def _files(configuration: Configuration) -> Iterator[Finding]:
    lake, warehouse = Lake.of(configuration), Warehouse.of(configuration)
    mistakes = []
    for look in (lambda: readiness.refuse_links(lake, warehouse), lake.last_sequence):
        try:
            look()
        except DamagedError as error:
            mistakes.append(Finding.of_error(FOLDER, "files", error))
    others = (warehouse.root, lake.erasures, lake.suppressed)  # at which other looks are taken
    damaged = [
        (path, reason.partition(" LINE 1:")[0])
        for path, reason in damage.damaged_files(configuration.data_dir)
        if not any(path.is_relative_to(other) for other in others)
    ]
    for path, reason in damaged[:MOST_FILES]:
        way_out = damage.way_out(path, configuration.data_dir)
        mistakes.append(Finding(FOLDER, "files", "failed", f"{path} cannot be read ({reason})", way_out))
    if more := len(damaged[MOST_FILES:]):
        message = f"{more:,} more files cannot be read"
        mistakes.append(Finding(FOLDER, "files", "failed", message, "restore them from a backup"))
    yield from mistakes or [Finding(FOLDER, "files", "ok", "every file can be read")]


def _erasures(configuration: Configuration) -> Iterator[Finding]:
    lake = Lake.of(configuration)
    erased = erased_of(lake, Warehouse.of(configuration))
    mistakes = [
        Finding(LAKE, "erasures", "warning", f"{file} cannot be read", "restore it, or erase that learner again")
        for file in unreadable(lake)
    ]
    for receipt in unfinished(lake):
        message = f"an erasure begun {receipt.content['begun_at']} is not complete"
        mistakes.append(Finding(LAKE, "erasures", "warning", message, "run `pulse erase` for it again"))
    yield from mistakes or [Finding(LAKE, "erasures", "ok", f"{len(erased.hashes):,} learners are erased")]


def _nights(configuration: Configuration) -> Iterator[Finding]:
    landings = Lake.of(configuration).landings(configuration)
    newest, last = newest_day(configuration, landings), clock.last_day_over()
    if not landings:
        yield Finding(LAKE, "nights", "ok", "no night has run yet")
    elif newest is None:
        message = f"not every stream has landed first_day ({configuration.pulse.first_day}), so nothing is published"
        yield Finding(LAKE, "nights", "warning", message, "run `pulse nightly`")
    elif newest > last:
        message = f"the newest day {newest} is not over: a clock was ahead once, or ours is behind"
        yield Finding(LAKE, "nights", "failed", message, "set our clock; the next night moves such days away")
    elif newest + NIGHTS_BEHIND * DAY <= last and not runs_now(configuration):
        message = f"the newest day is {newest}, {(last - newest).days} days behind"
        yield Finding(LAKE, "nights", "warning", message, "run `pulse nightly`, which says what stops it")
    else:
        yield Finding(LAKE, "nights", "ok", f"the newest day is {newest}")


def _pointer(configuration: Configuration) -> Iterator[Finding]:
    warehouse = Warehouse.of(configuration)
    current = warehouse.current()
    if current is None:
        yield Finding(WAREHOUSE, "pointer", "ok", "nothing is published yet")
        return
    try:
        manifest = verify(warehouse, current, leaves_receipt=False).manifest
    except (NoVersionError, FileNotFoundError) as error:
        reason = f"{warehouse.file(current)} is gone" if isinstance(error, OSError) else str(error).partition("; ")[0]
        message = f"servers refuse the version that the pointer names: {reason}"
        way_out = damage.way_out(warehouse.file(current), configuration.data_dir)
        yield Finding(WAREHOUSE, "pointer", "failed", message, way_out)
    else:
        yield _lookup_file(warehouse, manifest) or Finding(
            WAREHOUSE, "pointer", "ok", f"{current} is what its manifest says"
        )
    if pin := warehouse.pin:
        yield Finding(WAREHOUSE, "pin", "warning", f"{pin}, so nights publish nothing", "run `pulse unpin`")


def _lookup_file(warehouse: Warehouse, manifest: Manifest) -> Finding | None:
    """Return what is wrong with a version's look-up file."""
    try:
        if manifest.has_lookup_file:
            verify_lookup_file(warehouse, manifest, leaves_receipt=False)
    except (DamagedError, FileNotFoundError) as error:
        file = warehouse.lookup_file(manifest.version)
        reason = f"{file} is gone" if isinstance(error, OSError) else str(error)
        message = f"servers answer without the look-up file of the version that the pointer names: {reason}"
        return Finding(WAREHOUSE, "pointer", "warning", message, damage.way_out(file, warehouse.root.parent))
    return None


def _versions(configuration: Configuration) -> Iterator[Finding]:
    warehouse = Warehouse.of(configuration)
    current, is_running = warehouse.current_if_known(), runs_now(configuration)
    kept = warehouse.kept()
    mistakes = [finding for name in kept if name != current for finding in _kept(warehouse, name)]
    if not is_running:
        mistakes += _halves(warehouse, kept, current)
        waiting = [name for name in entries(warehouse.building("x").parent) if name.endswith(".duckdb")]
        message = "{} was built and not published"
        way_out = "run `pulse build`, which says what its checks have against it"
        mistakes += [
            Finding(WAREHOUSE, "versions", "warning", message.format(name.removesuffix(".duckdb")), way_out)
            for name in waiting
            if not name.startswith(".")
        ]
    yield from mistakes or [Finding(WAREHOUSE, "versions", "ok", f"{len(kept)} versions are kept")]


def _kept(warehouse: Warehouse, name: str) -> Iterator[Finding]:
    """Look at a version that `pulse rollback` may choose, without reading it."""
    way_out = "do not roll back to it; the nights replace it in time"
    try:
        manifest = warehouse.manifest(name)
        size = warehouse.file(name).stat().st_size
    except NoVersionError as error:
        yield Finding(WAREHOUSE, "versions", "warning", str(error).partition("; ")[0], way_out)
        return
    except FileNotFoundError:  # pruned meanwhile
        return
    if manifest.size != size:
        message = f"version {name}: {warehouse.file(name)} is not the file that its manifest describes"
        yield Finding(WAREHOUSE, "versions", "warning", message, way_out)
    elif not is_served(manifest.schema_version):
        message = f"version {name} has schema {manifest.schema_version}, servers read {SERVED}"
        yield Finding(WAREHOUSE, "versions", "warning", message, way_out)


def _halves(warehouse: Warehouse, kept: list[str], current: str | None) -> Iterator[Finding]:
    """Look for files of versions that lack the other half."""
    names = entries(warehouse.root / "versions")
    stems = {Path(name).stem for name in names if VERSION_NAME.fullmatch(Path(name).stem)}
    for stem in sorted(stems - {*kept, current}):
        message = f"version {stem} lacks its file or its manifest"
        yield Finding(WAREHOUSE, "versions", "warning", message, damage.RESTORE + ", or delete what is left of it")
