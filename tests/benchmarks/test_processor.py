"""What a server takes is counted with its children, those that have ended as well."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks import processor, sources

# A process that starts one child that works and ends, then one that works and waits, and says so.
PARENT = """
import subprocess, sys, time
WORK = "import time\\nwhile time.process_time() < 0.3: pass"
subprocess.run([sys.executable, "-c", WORK], check=True)
waits = subprocess.Popen([sys.executable, "-c", WORK + "\\nprint(1, flush=True)\\ninput()"],
    stdin=subprocess.PIPE, stdout=subprocess.PIPE)
waits.stdout.readline()
print(1, flush=True)
sys.stdin.read()
waits.communicate(b"\\n")
"""


def test_children_count_with_their_server_whether_they_live_or_have_ended() -> None:
    command = [sys.executable, "-c", PARENT]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        parent.stdout.readline()
        whole, living = processor.of_server(parent.pid), processor.of_children(parent.pid)
        assert len(processor.children(parent.pid)) == 1
        parent.communicate()
    assert living >= 0.29
    assert whole >= 0.58


def test_only_a_postgres_of_ours_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "postmaster.pid").write_text("4711\n/data\n", encoding="ascii")
    monkeypatch.delenv("PULSE_BENCH_POSTGRES", raising=False)
    assert sources.postmaster(tmp_path) == 4711
    monkeypatch.setenv("PULSE_BENCH_POSTGRES", "postgresql://elsewhere/platform")
    assert sources.postmaster(tmp_path) is None
    assert "not counted" in sources.note_on_postgres(tmp_path)
