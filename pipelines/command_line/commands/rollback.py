"""`pulse rollback` and `pulse unpin`: an earlier version is served and pinned, and nights publish again after it."""

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


@click.command(cls=Writing)
@config_option
def unpin(config: Path) -> None:
    """Remove the pin; the pointer stays where it is."""
    warehouse = Warehouse.of(load(config))
    pin = warehouse.unpin()
    if pin is None:
        print("nothing is pinned")
        return
    served = warehouse.current_if_known() or "nothing"
    print(f"{pin.version} is pinned no more; {served} is served until the next night or `pulse build`")
