"""Processor time of servers that the benchmarks have started, as the system counts it, whatever else the machine does.

A server's children count with it, those that have ended as well: PostgreSQL has a process for each connection, and
collects what ended ones took.
"""

from __future__ import annotations

import os

TICKS = os.sysconf("SC_CLK_TCK")
OWN, WITH_ENDED_CHILDREN = slice(11, 13), slice(11, 15)  # in /proc/PID/stat behind the name: user, system, of both


def of_server(pid: int) -> float:
    """Return the seconds that a server has taken so far, with all its children, living and ended."""
    ticks = _ticks(pid, WITH_ENDED_CHILDREN) + sum(_ticks(child, OWN) for child in children(pid))
    return ticks / TICKS


def of_children(pid: int) -> float:
    """Return the seconds that the living children of a process have taken, or itself if it has none."""
    return sum(_ticks(child, OWN) for child in children(pid) or [pid]) / TICKS


def children(pid: int) -> list[int]:
    """Return the ids of a process's living children, by whichever of its threads they were started."""
    found = []
    for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208 - no path of ours
        with open(f"/proc/{pid}/task/{thread}/children", encoding="utf-8") as file:  # noqa: PTH123 - as above
            found += [int(child) for child in file.read().split()]
    return found


def _ticks(pid: int, fields: slice) -> int:
    """Return ticks of a process, 0 if it has just ended: its parent has them then, or will have."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:  # noqa: PTH123 - as above
            return sum(map(int, file.read().rpartition(") ")[2].split()[fields]))
    except (FileNotFoundError, ProcessLookupError):
        return 0
