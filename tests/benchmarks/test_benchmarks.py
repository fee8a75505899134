"""Every question of the benchmarks runs, in a size that says nothing: interfaces that they use have not moved away."""

import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.benchmarks.__main__ import QUESTIONS
from tests.support.repository import ROOT

PEERS = {"raw_to_version": ("polars", "chdb"), "night": ("polars",)}


@pytest.mark.slow
@pytest.mark.thorough
@pytest.mark.parametrize("question", QUESTIONS)
def test_it_runs_in_its_smallest_size(question: str, tmp_path: Path) -> None:
    """What it measures is compared with its peers' results, as in every size."""
    missing = [peer for peer in PEERS.get(question, ()) if find_spec(peer) is None]
    if missing:
        pytest.skip(f"{' and '.join(missing)} not installed: make .venv/.installed-bench")
    if question in ("serving", "routes") and shutil.which("wrk") is None:
        pytest.skip("wrk not installed: apt-get install wrk")
    command = [sys.executable, "-m", "tests.benchmarks", "--tiny", "--rounds", "1", "--folder", str(tmp_path)]
    done = subprocess.run([*command, "--only", question], check=False, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
