"""Step 7: check the final bytes once more and put the version in place, all or nothing (R25)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from assets.night.night import Night
from assets.step6_check.check import check, refuse_failures
from assets.step6_check.fresh_landings import remember_accepted
from assets.step7_publish.record import record_basis, record_restatements
from warehouse import engine
from warehouse.condition import night_metrics
from warehouse.condition.alerts import occasions
from warehouse.crash_points import reached
from warehouse.disk.interruption import finished_first
from warehouse.errors import PulseError
from warehouse.versions import schema
from warehouse.versions.manifest import Manifest, sha256_of
from warehouse.versions.pin import Pin
from warehouse.versions.remarks import Remarks
from warehouse.versions.versions import Warehouse


def publish(night: Night, version: str, *, accepted: Sequence[str] = ()) -> Manifest:
    """Check a built version again, put it in place with its manifest, and switch the pointer unless it is pinned.

    Args:
        night: where lake and warehouse are; what it knows of them is read anew.
        version: the name of a version in the building folder.
        accepted: guards that an operator lets through, `accept_shrink` or `accept_quarantine`; recorded.

    Returns:
        The manifest of what is now in its place.

    Raises:
        CheckFailedError: a check blocks; the version published before stays.
        PulseError: a newer version was published while this run slept.
    """
    night = night.read_anew()
    warehouse = night.warehouse
    warehouse.refuse_overtaken(version)
    with _cleared_on_disk_error(warehouse, version):
        with night.progress.timed("checks"):
            outcomes = check(night, version, accepted)
        refuse_failures(version, outcomes)
    reached("publish: checked")
    building = warehouse.building(version)
    if building.with_name(building.name + ".wal").exists():
        message = f"version {version}: a .wal stands beside {building}, so it is not finished; run `pulse build` again"
        raise PulseError(message)
    with night.progress.step("warehouse") as summarize, _cleared_on_disk_error(warehouse, version):
        manifest = _manifest(night, version, accepted)
        with finished_first():
            pin = _put_in_place(night, manifest)
        reached("publish: pruned")
        if manifest.drift:
            occasions.version_drifted(night.configuration, version)
        for line in night_metrics.write_version(night.configuration, manifest, is_served=pin is None):
            night.progress.note(line)
        if pin:
            occasions.held_back_by_pin(night.configuration, version, pin.version)
        summarize(f"{version} {_outcome(pin)}, data through {manifest.data_through}")
    return manifest


def _put_in_place(night: Night, manifest: Manifest) -> Pin | None:
    """Put a version in place and switch the pointer, within moments; return the pin that holds it back."""
    warehouse, version = night.warehouse, manifest.version
    # What this version restates is recorded first, and what it was made from last. After a kill in between, the basis
    # is still that of the version before. The next build then ignores restatements of any later version and finds them
    # again, under its own name. In the other order they would be lost. Readers see nothing before the switch, which
    # comes after both.
    record_restatements(night, version)
    reached("publish: restatements recorded")
    warehouse.put_in_place(version, manifest)
    if "accept_quarantine" in manifest.accepted:
        remember_accepted(night, warehouse.file(version))
    warehouse.building_remarks(version).unlink()  # the manifest has them
    record_basis(night, version)
    reached("publish: basis recorded")
    replaced = warehouse.current_if_known()
    pin = warehouse.advance_to(version)
    warehouse.prune(night.configuration.pulse.keep_versions, replaced=replaced)
    return pin


@contextmanager
def _cleared_on_disk_error(warehouse: Warehouse, version: str) -> Iterator[None]:
    """Empty the building folder of a version that the disk could not take."""
    try:
        yield
    except OSError:
        for path in warehouse.building_files(version):
            path.unlink(missing_ok=True)
        raise


def _outcome(pin: Pin | None) -> str:
    return f"is in its place but not published: {pin}, `pulse unpin` lets it go" if pin else "published"


def _manifest(night: Night, version: str, accepted: Sequence[str]) -> Manifest:
    warehouse = night.warehouse
    building, lookup_file = warehouse.building(version), warehouse.building_lookup_file(version)
    remarks = Remarks.read(warehouse.building_remarks(version))
    with (
        night.connect() as connection,
        engine.attached(connection, building, "version"),
    ):
        info = engine.one_row_by_name(connection, "select * from version.version_info")
        rows = schema.row_counts(connection, "version")
    return Manifest(
        version=version,
        sha256=sha256_of(building),
        size=building.stat().st_size,
        rows=rows,
        logical_hash=info["logical_hash"],
        data_through=info["data_through"].isoformat(),
        built_at=info["built_at"].isoformat(),
        schema_version=info["schema_version"],
        engine_version=info["engine_version"],
        zone_data_version=info["zone_data_version"],
        accepted=tuple(accepted),
        warnings=remarks.warnings,
        unknown_rows=remarks.unknown_rows,
        erased=len(night.erased_learners().hashes),
        lookup_sha256=sha256_of(lookup_file),
        lookup_size=lookup_file.stat().st_size,
        kept_from=remarks.kept_from,
        in_full=remarks.in_full,
        drift=remarks.drift,
        seconds={step: night.progress.seconds_of(step) for step in night.progress.seconds},
    )
