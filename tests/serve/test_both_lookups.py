"""The whole serving suite once more with `serve.lookup = "warehouse"`: whatever holds by file holds without it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.repository import LOOKUP, LOOKUP_VARIABLE, ROOT


@pytest.mark.slow
@pytest.mark.skipif(LOOKUP != "file", reason="this is the second run")
def test_the_serving_suite_passes_without_look_up_files(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    command = [sys.executable, "-m", "pytest", "-q", "-m", "slow or not slow", "-p", "no:cacheprovider", "tests/serve"]
    run = subprocess.run(
        [*command, f"--basetemp={tmp_path / 'second'}"],
        cwd=ROOT,
        env=environment | {LOOKUP_VARIABLE: "warehouse"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-10_000:]
