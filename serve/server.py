"""The production server: Granian in front of the Flask app."""

import fcntl
import gc
import logging
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.mp import MPServer

from serve.app import create_app
from serve.http import connections, log_lines
from serve.http.gateway import Gateway
from serve.operations import shared_metrics
from serve.operations.alarms import Alarms
from serve.operations.heartbeats import Beats, Watcher, watch
from serve.public import element, public
from warehouse.configuration.configuration import Configuration, load
from warehouse.errors import PulseError

logger = logging.getLogger(__name__)
THREADS = 8  # that work on requests, in each worker
PUBLIC_PATHS = (*public.PATHS, element.PATH.encode())
PUBLIC_THREADS = 2  # of their own for public pages and pictures, which anybody may ask for
MOST_CONNECTIONS = 4096  # of a worker; each, also one that says nothing, takes one of Granian's `backpressure`
LARGEST_HEAD_BYTES = 64 * 1024  # of a request's line and headers; more is answered 431
STOP_SECONDS = 3  # how long a client may keep us from stopping
LOG_HANDLER = {"()": "serve.http.log_lines.Handler"}
LOGGING = {  # Granian's, and beside it what `serve` says
    "root": {"level": "INFO", "handlers": ["console"]},
    "handlers": {"console": LOG_HANDLER, "access": LOG_HANDLER},
}


def serve(path: Path, host: str, port: int, workers: int = 1) -> None:
    """Serve until told to stop.

    Args:
        path: the configuration file.
        host: the address to listen on.
        port: the port to listen on.
        workers: how many processes answer; one that dies is replaced.

    Raises:
        ConfigurationError: the file cannot be served from; said before a worker starts.
        PulseError: the address cannot be had.
    """
    log_lines.begin()
    configuration = load(path.absolute(), uses=["auth", "serve"])  # once: a worker that is replaced must not differ
    create_app(configuration)
    connections_at_most = connections.bound(MOST_CONNECTIONS)
    gc.collect()  # nothing that the trial has opened goes on into the workers
    beats = Beats(workers)
    server = BeatingServer(
        beats,
        "serve.server",
        address=_free_address(host, port),
        port=port,
        workers=workers,
        interface=Interfaces.ASGINL,
        http=HTTPModes.http1,
        websockets=False,
        backpressure=connections_at_most,
        http1_settings=HTTP1Settings(max_buffer_size=LARGEST_HEAD_BYTES),
        log_access=False,  # `serve/http/access_log.py` is ours
        log_dictconfig=LOGGING,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_SECONDS,
    )
    watching = (Watcher(beats, workers), server.pids)
    Thread(target=watch, args=watching, name="worker watcher", daemon=True).start()
    with _shared_folder() as shared:
        server.serve(
            target_loader=partial(gateway_of, configuration, shared, (port, connections_at_most), beats),
            wrap_loader=False,
        )


class BeatingServer(MPServer):
    """Granian's server, which tells each worker which one it is.

    Args:
        beats: of its workers.
        arguments: Granian's.
        options: Granian's.
    """

    def __init__(self, beats: Beats, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - Granian's
        super().__init__(*arguments, **options)
        self._beats = beats

    def pids(self) -> list[int]:
        """Return the process id of each worker."""
        return [int(worker.inner.pid) for worker in self.wrks]

    def _spawn_worker(self, idx: int, target: Any, callback_loader: Any) -> Any:  # type: ignore[override]  # noqa: ANN401 - Granian's
        self._beats.begin(idx)
        return super()._spawn_worker(idx, target, partial(callback_loader, idx))


def gateway_of(
    configuration: Configuration, folder: Path | None, listening: tuple[int, int], beats: Beats, worker: int
) -> Gateway:
    """Return what Granian calls in each worker process; connections and threads are started here, after the fork."""
    shared = shared_metrics.share(folder)
    app = create_app(configuration, shared)
    app.extensions["credentials"].start()  # in the process that answers, before the first request
    follower, metrics = app.extensions["follower"], app.extensions["metrics"]
    follower.verifying, metrics.workers.hung = partial(beats.verifying, worker), beats.hung
    alarms = Alarms(configuration, metrics.workers)

    def tell() -> None:
        metrics.tell()
        alarms.look()

    follower.watch(tell)
    connections.watch(*listening)
    gateway = Gateway(app, THREADS, PUBLIC_PATHS, PUBLIC_THREADS, app.extensions["door"])
    gateway.run_beside(beats.keep_beating(worker, gateway.threads))
    return gateway


@contextmanager
def _shared_folder() -> Iterator[Path | None]:
    """Make the folder of this server's workers; it is locked, so that systemd-tmpfiles does not remove it.

    If it cannot be made, every worker counts and reports for itself.
    """
    with ExitStack() as stack:
        try:
            name = stack.enter_context(TemporaryDirectory(prefix="pulse-serve-", ignore_cleanup_errors=True))
            descriptor = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            stack.callback(os.close, descriptor)
            fcntl.flock(descriptor, fcntl.LOCK_SH)
        except OSError as error:
            logger.warning("workers count and speak for themselves, there is no temporary folder: %s", error)
            yield None
        else:
            yield Path(name)


def _free_address(host: str, port: int) -> str:
    """Return the address of a host if no process listens there: Granian would silently share the port."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as a restart needs, and no more
            probe.bind(address)
    except OSError as error:
        message = f"cannot listen on {host} port {port}: {error.strerror}; choose another with --host or --port"
        raise PulseError(message) from error
    return str(address[0])
