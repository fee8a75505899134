"""`pulse export`: a version as Parquet files, for whoever does not open it with DuckDB."""

from pathlib import Path

import click

from pipelines.command_line.options import config_option
from pipelines.command_line.terminal import plain
from warehouse.configuration.configuration import load
from warehouse.copies.export import export as export_version

OUT_OF_REACH = "no erasure reaches this folder: after `pulse erase` export anew, or delete it"


@click.command
@config_option
@click.argument("folder", metavar="DIR", type=Path)
@click.option("--version", metavar="NAME", help="as `pulse versions` lists it; by default the one that readers get")
@click.option("--table", "tables", metavar="T", multiple=True, help="only this table; may be given more than once")
def export(config: Path, folder: Path, version: str | None, tables: tuple[str, ...]) -> None:
    """Write the tables of a version into a new or empty folder, or over an earlier export."""
    exported = export_version(load(config), folder, version, tables)
    files, rows = len(exported.rows), sum(exported.rows.values())
    print(f"{exported.version}: {files:,} files with {rows:,} rows in {plain(str(folder))}")
    print(OUT_OF_REACH)
