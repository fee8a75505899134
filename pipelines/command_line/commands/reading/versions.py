"""`pulse versions`: the versions that are kept."""

from pathlib import Path

import click

from pipelines.command_line.options import Answering, config_option
from warehouse.configuration.configuration import load
from warehouse.errors import NoVersionError, PulseError
from warehouse.versions.schema import SERVED, is_served
from warehouse.versions.versions import Warehouse


@click.command(cls=Answering)
@config_option
def versions(config: Path) -> None:
    """List the versions that are kept, oldest first; the current one is marked, and so is a pinned one.

    Raises:
        DamagedError: the pointer names none of ours, after all versions have been listed.
        NoVersionError: a manifest cannot be read, after the others have been listed.
    """
    warehouse = Warehouse.of(load(config))
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
