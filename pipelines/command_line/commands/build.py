"""`pulse build`: a new version from the lake alone."""

import sys
from pathlib import Path

import click

from assets.night.interrupts import obeyed
from assets.night.night import Night
from assets.night.progress import Progress
from pipelines.command_line.alerting import telling
from pipelines.command_line.options import Writing, accepted, config_option, guard_options
from pipelines.command_line.progress_bars import listener_for
from pipelines.command_line.running import explain_if_nothing_is_published, say
from warehouse.condition import readiness, space
from warehouse.configuration.configuration import load
from warehouse.disk.lock import run_lock


@click.command(cls=Writing)
@config_option
@click.option("--full", is_flag=True, help="keep nothing of the version before")
@guard_options
def build(config: Path, *, full: bool, **guards: bool) -> None:
    """Build and publish a version from the lake alone, without Dagster."""
    configuration = load(config)
    with telling(configuration, "pulse build", say), run_lock(configuration, "pulse build", tell=say):
        readiness.refuse_unusable(configuration)
        space.refuse_if_short(configuration)
        from assets.all_steps import publish_lake  # noqa: PLC0415 - pandas is slow, the lock comes first

        with listener_for(sys.stdout) as shown, obeyed(shown) as listener:
            publish_lake(Night.of(configuration, Progress(listener)), accepted(guards), is_in_full=full)
        explain_if_nothing_is_published(configuration)
