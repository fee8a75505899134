"""`pulse rollback`: an earlier version is served, and pinned."""

from pathlib import Path

import click

from pipelines.command_line.options import Writing, config_option
from warehouse.configuration.configuration import load
from warehouse.versions.versions import Warehouse


@click.command(cls=Writing)
@config_option
@click.argument("version", required=False)
def rollback(config: Path, version: str | None) -> None:
    """Point to an earlier version, the one before the current one if none is named, and pin it."""
    pin = Warehouse.of(load(config)).rollback(version)
    print(f"{pin.version} is served now and pinned: nights make versions and publish none until `pulse unpin`")
