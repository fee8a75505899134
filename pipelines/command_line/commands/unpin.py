"""`pulse unpin`: nights publish again after a rollback."""

from pathlib import Path

import click

from pipelines.command_line.options import Writing, config_option
from warehouse.configuration.configuration import load
from warehouse.versions.versions import Warehouse


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
