"""`pulse status`: what is published, how old it is, and how far the lake is."""

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path

import click

from assets.erase.receipt import unfinished, unreadable
from pipelines.command_line.options import Answering, config_option
from pipelines.command_line.terminal import plain
from warehouse import clock
from warehouse.condition import row_security
from warehouse.configuration.configuration import Configuration, load
from warehouse.disk import owners
from warehouse.lake.days import newest_day
from warehouse.lake.kept import earlier_mapping_line, under_earlier_mapping
from warehouse.lake.lake import Lake
from warehouse.lake.landing import Landing
from warehouse.lake.proofs import proofs_in, proven_at
from warehouse.versions.remarks import unknown_rows_line
from warehouse.versions.versions import Warehouse


@click.command(cls=Answering)
@config_option
def status(config: Path) -> None:
    """Say what is published, how old it is, and how far the lake is."""
    configuration = load(config)
    warehouse = Warehouse.of(configuration)
    current = warehouse.current()
    lake = Lake.of(configuration)
    landings = lake.landings(configuration)
    newest = newest_day(configuration, landings)
    print(f"data folder   {plain(str(configuration.data_dir))}")
    print(f"newest day    {_newest(newest)}")
    _say_what_is_kept(configuration, landings)
    _say_what_is_proven(lake, landings)
    for receipt_file in unreadable(lake):
        print(f"erasure       {receipt_file} cannot be read; restore it, or run `pulse erase` again for that learner")
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


def _say_what_is_kept(configuration: Configuration, landings: Mapping[tuple[str, date], Landing]) -> None:
    for stream in configuration.event_streams:
        if kept := under_earlier_mapping(stream, landings):
            print(f"kept          {earlier_mapping_line(stream, kept)}")


def _say_what_is_proven(lake: Lake, landings: Mapping[tuple[str, date], Landing]) -> None:
    proofs = proofs_in(lake)
    times = [when for landing in landings.values() if (when := proven_at(landing, proofs)) != landing.extracted_at]
    if times:
        print(
            f"proven        {len(times):,} of {len(landings):,} landings since they were extracted; last {max(times)}"
        )


def _newest(day: date | None) -> str:
    if day is None:
        return "none: not every stream has landed first_day"
    if day > clock.last_day_over():
        return f"{day}, which is not over: a clock was ahead once, or ours is behind; `pulse nightly` says which"
    return str(day)


def _since(instant: datetime) -> str:
    hours = (clock.now() - instant).total_seconds() / 3600
    return f"{hours:.1f} hours ago" if hours >= 0 else f"{-hours:.1f} hours ahead of our clock"
