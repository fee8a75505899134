"""The benchmarks look for everything that they need before they begin, and say all of it at once."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks import needs, serving_servers
from tests.benchmarks.__main__ import QUESTIONS
from tests.support.repository import ROOT

NOWHERE = "postgresql://pulse:hunter2@127.0.0.1:1/nowhere"


def test_one_message_names_all_that_is_missing_before_anything_is_measured(tmp_path: Path) -> None:
    """No program on the path, no database where the variable points to: both are named, and what can do without."""
    folder = tmp_path / "data"
    command = [sys.executable, "-m", "tests.benchmarks", "--tiny", "--folder", str(folder), "--only"]
    environment = {**os.environ, "PATH": "/nowhere", "PULSE_BENCH_POSTGRES": NOWHERE}
    done = subprocess.run(
        [*command, "growth", "extraction", "serving"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "the program wrk, for serving: apt-get install wrk" in done.stderr
    assert "PostgreSQL, for extraction and serving: what PULSE_BENCH_POSTGRES names does not answer" in done.stderr
    assert "Without them there is: --only growth\n" in done.stderr
    assert "hunter2" not in done.stderr
    assert not folder.exists()


def test_packages_ports_checkouts_and_room_are_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(needs, "PACKAGES", {"night": ("polars", "no_such_package"), "growth": ()})
    monkeypatch.setattr(needs, "find_spec", {"polars": object()}.get)
    monkeypatch.setattr(needs, "FREE_GB", {"tiny": 1_000_000})
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setattr(serving_servers, "FIRST_PORT", port)
        lines = needs.missing(["growth", "night", "serving"], "tiny", tmp_path / "new" / "folder", tmp_path)
    said = [line.partition(",")[0] for line in lines if "wrk" not in line]
    others = [f"port {port + more}" for more in range(1, 40)]  # which anybody may have taken
    assert [line for line in said if line not in others] == [
        "the package no_such_package",
        f"port {port}",
        str(tmp_path / ".venv/bin/python"),
        str(tmp_path / "tests/benchmarks/serving_peers.py"),
        said[-1],
    ]
    assert said[-1].startswith(f"room on the disk of {tmp_path}: ")
    refusal = needs.refusal(lines, ["growth", "night"])
    assert "make .venv/.installed-bench" in refusal
    assert "--only" not in refusal, "without room on the disk there is nothing to measure"


def test_what_has_nothing_to_do_with_a_question_does_not_stop_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("PULSE_BENCH_POSTGRES", NOWHERE)
    assert needs.missing(["growth", "small_things"], "tiny", tmp_path, tmp_path) == []


def test_what_is_needed_is_needed_by_a_question() -> None:
    asking = {*needs.PACKAGES, *needs.PROGRAMS, *needs.ASKING_POSTGRES, *needs.ASKING_MARIADB}
    assert asking <= {*QUESTIONS}
