"""The production server: Granian in front of the Flask app."""

import socket
from functools import partial
from pathlib import Path

from flask import Flask
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server import Server

from serve.app import create_app
from warehouse.configuration import load
from warehouse.errors import PulseError

BLOCKING_THREADS = 4
MOST_CONNECTIONS = 4096  # each, also one that says nothing, takes one of Granian's `backpressure`
LARGEST_HEAD_BYTES = 64 * 1024  # of a request's line and headers; more is answered 431
STOP_SECONDS = 3  # how long a client may keep us from stopping
LOGGING = {"root": {"level": "INFO", "handlers": ["console"]}}  # beside Granian's own: what `serve` says


def serve(path: Path, host: str, port: int) -> None:
    """Serve until told to stop.

    Args:
        path: the configuration file.
        host: the address to listen on.
        port: the port to listen on.

    Raises:
        ConfigurationError: the file cannot be served from; said before a worker starts.
        PulseError: the address cannot be had.
    """
    app_of(path)
    Server(
        "serve.server",
        address=_free_address(host, port),
        port=port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        websockets=False,
        blocking_threads=BLOCKING_THREADS,
        backpressure=MOST_CONNECTIONS,
        http1_settings=HTTP1Settings(max_buffer_size=LARGEST_HEAD_BYTES),
        log_access=False,  # the way in front of us has its own, and a query is nobody's business
        log_dictconfig=LOGGING,
        workers_kill_timeout=STOP_SECONDS,
    ).serve(target_loader=partial(app_of, path.absolute()), wrap_loader=False)


def app_of(path: Path) -> Flask:
    """Return the app of a configuration file; called in each worker process."""
    return create_app(load(path, uses=["auth"]))


def _free_address(host: str, port: int) -> str:
    """Return the address of a host if nobody listens there: Granian would share the port with them, unnoticed."""
    try:
        family, _, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as a restart needs, and no more
            probe.bind(place)
    except OSError as error:
        message = f"cannot listen on {host} port {port}: {error.strerror}; choose another with --host or --port"
        raise PulseError(message) from error
    return str(place[0])
