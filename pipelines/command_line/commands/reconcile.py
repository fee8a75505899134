"""`pulse reconcile`: compare all landings with their sources, and extract again what has drifted."""

from pathlib import Path

import click

from pipelines.command_line.alerting import telling
from pipelines.command_line.options import Writing, accepted, config_option, guard_options
from pipelines.command_line.running import dagster_of, say
from warehouse.configuration.configuration import load


@click.command(cls=Writing)
@config_option
@guard_options
def reconcile(config: Path, **guards: bool) -> None:
    """Compare all landings with their sources and restate what has drifted: the job `reconcile`, as `run_job`."""
    configuration = load(config, ["sources"])
    with telling(configuration, "pulse reconcile", say), dagster_of(configuration, "pulse reconcile") as listener:
        from pipelines.command_line.dagster_run import run_reconcile  # noqa: PLC0415 - Dagster is slow, the lock comes first

        run_reconcile(accepted(guards), listener)
