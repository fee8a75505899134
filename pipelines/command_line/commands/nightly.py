"""`pulse nightly` and `pulse backfill`: the job for one UTC day, or for a range of days."""

from datetime import date
from pathlib import Path

import click

from pipelines.command_line.options import Writing, accepted, config_option, guard_options, utc_day
from pipelines.command_line.running import run_job
from warehouse import clock
from warehouse.configuration.configuration import load


@click.command(cls=Writing)
@config_option
@click.option("--day", type=utc_day, metavar="D", help="the UTC day, as 2026-11-22", show_default="yesterday")
@guard_options
def nightly(config: Path, day: date | None, **guards: bool) -> None:
    """Run the job for one UTC day."""
    day = day or clock.last_day_over()
    run_job(load(config, ["sources"]), "pulse nightly", day, day, accepted=accepted(guards))


@click.command(cls=Writing)
@config_option
@click.option("--from", "first", type=utc_day, required=True, metavar="A", help="the first UTC day")
@click.option("--to", "last", type=utc_day, required=True, metavar="B", help="the last UTC day")
@click.option("--stream", metavar="S", help="only this event stream")
@guard_options
def backfill(config: Path, first: date, last: date, stream: str | None, **guards: bool) -> None:
    """Run the job for a range of days, as one run."""
    run_job(load(config, ["sources"]), "pulse backfill", first, last, stream=stream, accepted=accepted(guards))
