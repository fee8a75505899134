"""The commands that look at what is published, or choose it: status, versions, rollback, unpin. They run nothing."""

from argparse import Namespace
from datetime import date, datetime

from pipelines.command_line.commands import configuration_of
from pipelines.command_line.terminal import plain
from warehouse import clock
from warehouse.condition import row_security
from warehouse.disk import owners
from warehouse.errors import NoVersionError, PulseError
from warehouse.lake.days import newest_day
from warehouse.lake.lake import Lake
from warehouse.versions.remarks import unknown_rows_line
from warehouse.versions.schema import SERVED, is_served
from warehouse.versions.versions import Warehouse


def status(words: Namespace) -> None:
    """Say what is published, how old it is, and how far the lake is."""
    from assets.erase.receipt import unfinished, unreadable  # noqa: PLC0415 - light, but only this command needs it

    configuration = configuration_of(words)
    warehouse = Warehouse.of(configuration)
    current = warehouse.current()
    lake = Lake.of(configuration)
    newest = newest_day(configuration, lake.landings(configuration))
    print(f"data folder   {plain(str(configuration.data_dir))}")
    print(f"newest day    {_newest(newest)}")
    for place in unreadable(lake):
        print(f"erasure       {place} cannot be read; restore it, or run `pulse erase` again for that learner")
    for receipt in unfinished(lake):
        print(f"erasure       begun {receipt.content['begun_at']} and not complete; run `pulse erase` for it again")
    if not configuration.pulse.group and (is_open := owners.kept_open(configuration.data_dir)):
        print(f"warning       {is_open}")
    of_sources = row_security.warnings(configuration, lake)  # as the last landings found them, published or not
    for warning in of_sources:
        print(f"warning       {warning}")
    if current is None:
        print("published     nothing yet; run `pulse nightly`")
        return
    if pin := warehouse.pin:
        print(f"pinned        {pin}: nights publish nothing until `pulse unpin`; newest made {warehouse.newest()}")
    manifest = warehouse.manifest(current)
    print(f"published     {current} of {len(warehouse.kept())} kept")
    print(f"data through  {manifest.data_through}")
    print(f"built at      {manifest.built_at} ({_since(datetime.fromisoformat(manifest.built_at))})")
    print(f"learners      {manifest.rows['pulse_totals']:,}")
    print(f"active days   {manifest.rows['daily_activity']:,}")
    print(f"quarantine    {manifest.rows['quarantine']:,} rows")
    print(f"logical hash  {manifest.logical_hash}")
    if manifest.unknown_rows:  # a version of a time before does not know
        print(f"unknown rows  {unknown_rows_line(manifest.unknown_rows)}")
    for warning in [warning for warning in manifest.warnings if warning not in of_sources]:
        print(f"warning       {warning}")
    if manifest.accepted:
        print(f"let through   {', '.join(manifest.accepted)}")


def _newest(day: date | None) -> str:
    if day is None:
        return "none: not every stream has landed first_day"
    if day > clock.last_day_over():
        return f"{day}, which is not over: a clock was ahead once, or ours is behind; `pulse nightly` says which"
    return str(day)


def _since(instant: datetime) -> str:
    hours = (clock.now() - instant).total_seconds() / 3600
    return f"{hours:.1f} hours ago" if hours >= 0 else f"{-hours:.1f} hours ahead of our clock"


def versions(words: Namespace) -> None:
    """List the versions that are kept, oldest first; the current one is marked, and so is a pinned one.

    Raises:
        DamagedError: the pointer names none of ours, after all versions have been listed.
        NoVersionError: a manifest cannot be read, after the others have been listed.
    """
    warehouse = Warehouse.of(configuration_of(words))
    current, pin = warehouse.current_if_known(), warehouse.pin
    damaged: list[PulseError] = []
    for name in warehouse.kept():
        try:
            manifest = warehouse.manifest(name)
        except NoVersionError as error:
            damaged.append(error)
            continue
        mark = "*" if name == current else " "
        megabytes = manifest.size / 1e6
        remarks = "  pinned" * (pin is not None and pin.version == name)
        if not is_served(manifest.schema_version):
            remarks += f"  schema {manifest.schema_version}, servers read {SERVED}"
        figures = f"data through {manifest.data_through}  {megabytes:,.1f} MB  {manifest.logical_hash[:12]}"
        print(f"{mark} {name}  {figures}{remarks}")
    warehouse.current()  # the list comes first: it is the way out of a damaged pointer
    for first_of_them in damaged:
        raise first_of_them


def rollback(words: Namespace) -> None:
    """Point to an earlier version and pin it."""
    pin = Warehouse.of(configuration_of(words)).rollback(words.version)
    print(f"{pin.version} is served now and pinned: nights make versions and publish none until `pulse unpin`")


def unpin(words: Namespace) -> None:
    """Remove the pin; the pointer stays where it is."""
    warehouse = Warehouse.of(configuration_of(words))
    pin = warehouse.unpin()
    if pin is None:
        print("nothing is pinned")
        return
    served = warehouse.current_if_known() or "nothing"
    print(f"{pin.version} is pinned no more; {served} is served until the next night or `pulse build`")
