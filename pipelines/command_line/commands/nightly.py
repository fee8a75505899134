"""`pulse nightly`: the job for one UTC day."""

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
