"""`pulse serve`: the API."""

from pathlib import Path

import click

from pipelines.command_line import serving
from pipelines.command_line.options import LOCALHOST, PORT, POSITIVE, Writing, config_option
from warehouse.configuration.configuration import load


@click.command(cls=Writing)
@config_option
@click.option("--host", default=LOCALHOST, metavar="H", help="address to listen on")
@click.option("--port", type=PORT, default=8000, metavar="P", help="port to listen on")
@click.option("--workers", type=POSITIVE, default=1, metavar="N", help="processes that answer")
def serve(config: Path, host: str, port: int, workers: int) -> None:
    """Serve the API until told to stop."""
    serving.serve(load(config, ["auth"]), host, port, workers)
