"""The production server: Granian in front of the Flask app."""

import os
from pathlib import Path

from flask import Flask
from granian.constants import Interfaces
from granian.server import Server

from serve.app import create_app
from warehouse.configuration import configuration_path, load

BLOCKING_THREADS = 8


def app_from_environment() -> Flask:
    """Return the app of the configuration that `PULSE_CONFIG` names; called in each worker process."""
    return create_app(load(configuration_path(), uses=["auth"]))


def serve(path: Path, host: str, port: int) -> None:
    """Serve until told to stop.

    Args:
        path: the configuration file.
        host: the address to listen on.
        port: the port to listen on.
    """
    os.environ["PULSE_CONFIG"] = str(path.absolute())
    Server(
        "serve.server:app_from_environment",
        factory=True,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        blocking_threads=BLOCKING_THREADS,
    ).serve()
