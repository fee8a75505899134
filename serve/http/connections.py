"""How many connections a worker holds, and which one goes when there are too many (FAULTS 76).

Every connection is a file descriptor. A worker without free descriptors spins, opens no version and answers no request.
So some are reserved, and the rest limits the connections. Near that limit the connection that has been silent for
longest is closed. Silent connections cost a client nothing, so they must not cost others an answer.
"""

import logging
import os
import resource
import socket
import stat
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

logger = logging.getLogger(__name__)
KEPT_FOR_OURSELVES = 192  # descriptors: versions, key store, counts, log, and what a library opens for a moment
FEWEST = 32  # connections, however few descriptors there are
SHARE_FREE = 1 / 8  # of the connections, kept free for those that come at once
SILENT_MS = 1000.0  # of silence at least before a connection is closed; a request in progress is not silent for so long
LOOK_SECONDS, CROWDED_SECONDS = 0.1, 0.02  # between two looks; while others wait to come in
DESCRIPTORS = Path("/proc/self/fd")
TCP_INFO_BYTES = 104
LAST_RECEIVED_AT = 52  # of `tcpi_last_data_recv` in Linux's `struct tcp_info`, milliseconds


class SilentConnection(NamedTuple):
    """A connection and for how long nothing has come from it."""

    milliseconds: int
    descriptor: int
    inode: int


def bound(most: int) -> int:
    """Let this process have as many descriptors as it may, and return how many of them may be connections.

    Args:
        most: more are never needed.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with suppress(OSError, ValueError):  # a system may have a lower limit of its own
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            soft = hard
    return most if soft == resource.RLIM_INFINITY else max(FEWEST, min(most, soft - KEPT_FOR_OURSELVES))


def watch(port: int, most: int) -> None:
    """Close silent connections of this process from now on, in a thread, whenever there are nearly too many.

    Args:
        port: on which they come.
        most: how many there may be.
    """
    threading.Thread(target=_watch, args=(port, most), name="connections", daemon=True).start()


def _watch(port: int, most: int) -> None:
    wanted = most - max(1, int(most * SHARE_FREE))
    seconds = LOOK_SECONDS
    while True:
        time.sleep(seconds)
        try:
            seconds = CROWDED_SECONDS if make_room(port, wanted) else LOOK_SECONDS
        except Exception:
            logger.exception("connections could not be looked at")


def make_room(port: int, wanted: int) -> int:
    """Close the connections that have been silent for longest until so many are left; return how many went."""
    if len(os.listdir(DESCRIPTORS)) <= wanted:  # noqa: PTH208 - five times as fast, and it is asked all the time
        return 0
    by_silence = sorted(_connections(port), reverse=True)
    closed = 0
    for silent in by_silence[: max(0, len(by_silence) - wanted)]:
        if silent.milliseconds >= SILENT_MS:
            closed += _close(silent)
    return closed


def _connections(port: int) -> Iterator[SilentConnection]:
    for name in os.listdir(DESCRIPTORS):  # noqa: PTH208 - as above
        descriptor = int(name)
        with suppress(OSError):  # it is closed by now
            status = os.fstat(descriptor)
            if stat.S_ISSOCK(status.st_mode) and (milliseconds := _silent_for(descriptor, port)) is not None:
                yield SilentConnection(milliseconds, descriptor, status.st_ino)


def _silent_for(descriptor: int, port: int) -> int | None:
    """Return for how long a connection to a port has been silent, in milliseconds; None if it is something else."""
    borrowed = socket.socket(fileno=descriptor)
    try:
        if borrowed.family not in {socket.AF_INET, socket.AF_INET6} or borrowed.getsockname()[1] != port:
            return None
        borrowed.getpeername()  # fails for the one that listens
        info = borrowed.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO_BYTES)
        return int.from_bytes(info[LAST_RECEIVED_AT : LAST_RECEIVED_AT + 4], sys.byteorder)
    finally:
        borrowed.detach()


def _close(silent: SilentConnection) -> bool:
    """End a connection for both sides; Granian sees its end and lets go of the descriptor."""
    with suppress(OSError):
        if os.fstat(silent.descriptor).st_ino != silent.inode:
            return False
        borrowed = socket.socket(fileno=silent.descriptor)
        try:
            borrowed.shutdown(socket.SHUT_RDWR)
        finally:
            borrowed.detach()
        return True
    return False
