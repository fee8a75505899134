"""A terminal without our characters, a reader who has gone, a full disk: no run ends by it (FAULTS 55)."""

import errno
import io
import os
import subprocess
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

import pytest

from pipelines.command_line import cli, terminal
from pipelines.command_line.progress_bars import Bars, Lines
from tests.support.platforms.sources import FIRST, USERS_TYPES, night, sqlite_platform, xp_rows
from tests.support.repository import ROOT
from tests.support.slowly import slowly
from warehouse.configuration.configuration import load
from warehouse.versions.versions import Warehouse

OLD_TERMINALS = {
    "latin-1": {"PYTHONIOENCODING": "latin-1"},
    "ASCII": {"PYTHONIOENCODING": "ascii"},
    "C": {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "POSIX": {"LC_ALL": "POSIX", "LANG": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
}
XP_TYPES = {"event_id": "text", "user_id": "text", "occurred_at": "timestamptz", "amount": "bigint"}
GONE = "import sys; sys.stdin.close()"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A platform with a column and a folder that no old terminal can show, and one published night."""
    folder = tmp_path / "学习→"
    folder.mkdir()
    platform = sqlite_platform(folder)
    platform.make("users", USERS_TYPES, [("学", "UTC")])
    platform.make("xp", XP_TYPES, xp_rows(3, user="学"))
    platform.run("alter table {xp} rename column amount to 学习")
    configuration = platform.configuration()
    place = configuration.path
    place.write_text(
        place.read_text(encoding="utf-8").replace('amount = "amount"', 'amount = "学习"'), encoding="utf-8"
    )
    night(load(place, ["sources"]), FIRST)
    return folder


def typed(folder: Path, words: Sequence[str], to: str = "", **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Type a command in a shell, its output going where `to` says."""
    command = f"{sys.executable} -m pipelines.command_line.cli {' '.join(words)} {to}"
    known = {"PYTHONPATH": str(ROOT), **environment}
    environment = {key: value for key, value in {**os.environ, **known}.items() if key != "PYTHONWARNINGS"}
    return subprocess.run(
        ["/bin/bash", "-c", f"set -o pipefail; {command}"],
        cwd=folder,
        env=environment,
        capture_output=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("locale", slowly(OLD_TERMINALS, quick=1))
def test_characters_that_a_terminal_does_not_have_are_escaped(locale: str, folder: Path) -> None:
    """FAULTS 55: in what is said, in names of files, and in an error's line."""
    done = typed(folder, ["status"], **OLD_TERMINALS[locale])
    assert (done.returncode, done.stderr) == (0, b"")
    assert rb"\u5b66\u4e60\u2192/var" in done.stdout
    (folder / "var/lake/sequence").write_text("x", encoding="utf-8")
    done = typed(folder, ["build"], **OLD_TERMINALS[locale])
    assert done.returncode == 1
    assert rb"\u5b66\u4e60\u2192/var/lake/sequence has no number" in done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.one_in(2)
@pytest.mark.slow
@pytest.mark.parametrize("locale", slowly(OLD_TERMINALS, quick=1))
def test_a_night_and_an_erasure_end_well_in_an_old_terminal(locale: str, folder: Path) -> None:
    """FAULTS 55: an id of any characters is the same learner's."""
    done = typed(folder, ["nightly", "--day", str(FIRST)], **OLD_TERMINALS[locale])
    assert (done.returncode, done.stderr) == (0, b"")
    done = typed(folder, ["erase", "学"], **OLD_TERMINALS[locale])
    assert done.returncode in {0, 1}  # nobody is left, so no version may be made
    assert b'"finished_at": "2' in done.stdout
    assert b'"before": 3' in done.stdout


@pytest.mark.parametrize("to", slowly(["> /dev/full", ">&-", "| head -0", f"| {sys.executable} -c '{GONE}'"], quick=1))
def test_a_build_publishes_whatever_becomes_of_its_output(to: str, folder: Path) -> None:
    """FAULTS 55."""
    warehouse = Warehouse(folder / "var/warehouse")
    before = warehouse.current()
    done = typed(folder, ["build"], to)
    assert done.returncode == 0
    assert done.stderr == b""
    assert warehouse.current() != before


@pytest.mark.parametrize("to", ["2>&-", "2> /dev/full"])
def test_an_error_that_nobody_hears_has_its_exit_code(to: str, folder: Path) -> None:
    """FAULTS 55."""
    assert typed(folder, ["rollback", "pulse-2000-01-01-000001"], to).returncode == 1
    assert typed(folder, ["status", "--config", "nothing.toml"], to).returncode == 2


@pytest.mark.parametrize("command", ["status", "versions", f"explain 学 {FIRST}"])
def test_an_answer_that_is_lost_is_an_error_unless_its_reader_had_enough(command: str, folder: Path) -> None:
    """FAULTS 55: these are typed for what they print."""
    done = typed(folder, [command], "| head -0")
    assert (done.returncode, done.stderr) == (0, b"")
    for to, why in {">&-": "it is closed", "> /dev/full": "No space left on device"}.items():
        done = typed(folder, [command], to)
        assert done.returncode == 1
        assert done.stderr.startswith(f"pulse: standard output cannot be written ({why}); the answer is lost".encode())
        assert done.stderr.count(b"\n") == 1


@pytest.mark.slow
@pytest.mark.parametrize("to", slowly(["> /dev/full", ">&-"], quick=1))
def test_an_erasure_whose_receipt_cannot_be_printed_is_done_and_says_where_the_receipt_is(
    to: str, folder: Path
) -> None:
    """FAULTS 55."""
    done = typed(folder, ["erase", "nobody"], to)
    (receipt,) = (folder / "var/lake/erasures").glob("*.json")
    assert done.returncode == 1
    assert b"the learner is erased, but standard output cannot be written" in done.stderr
    assert str(receipt).encode() in done.stderr
    assert '"finished_at": "2' in receipt.read_text(encoding="utf-8")


def test_no_file_of_ours_gets_the_number_of_a_closed_stream() -> None:
    """FAULTS 55: what a library writes to descriptor 1 or 2 would be written into the lake."""
    look = "from pipelines.command_line.terminal import prepare_process as own; "
    look += "import os; own(); print(os.open('/dev/null', 0))"
    command = f'{sys.executable} -c "{look}" 2>&- <&- | cat'
    done = subprocess.run(["/bin/bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert int(done.stdout) > 2


def test_a_disk_that_has_room_again_is_written_to_again() -> None:
    """FAULTS 55: the log of a server outlives a full disk; a reader that has gone does not come back."""

    class Full(io.StringIO):
        error: OSError | None = None

        def write(self, text: str) -> int:
            if self.error is not None:
                raise self.error
            return super().write(text)

    stream = Full()
    output = terminal.Output(stream)
    stream.error = OSError(errno.ENOSPC, "No space left on device")
    assert output.write("lost") == 4
    stream.error = None
    output.write("written")
    assert stream.getvalue() == "written"
    assert output.lost is not None
    stream.error = BrokenPipeError(errno.EPIPE, "Broken pipe")
    output.write("lost")
    stream.error = None
    output.write("lost too")
    assert stream.getvalue() == "written"


def test_bars_and_lines_are_drawn_with_what_a_terminal_has() -> None:
    """FAULTS 55."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    raw = io.BytesIO()
    output = terminal.Output(io.TextIOWrapper(raw, encoding="latin-1"))
    Lines(output).ended("学习 → done")  # type: ignore[arg-type] # it does what is asked of it
    console = Console(file=output, force_terminal=True)  # type: ignore[arg-type] # as above
    with Progress(BarColumn(), TextColumn("{task.description}"), console=console) as shown:
        bars = Bars(shown)
        bars.began("学习", 3)
        bars.advanced(1)
        bars.noted("a column → 学习")
        bars.ended("学习: done")
    output.flush()
    assert rb"\u5b66\u4e60 \u2192 done" in raw.getvalue()
    assert rb"a column \u2192 \u5b66\u4e60" in raw.getvalue()


def test_what_libraries_warn_of_does_not_reach_the_person_unless_asked_for() -> None:
    """FAULTS 55: Python's warnings, and what libraries log where nobody listens."""
    look = (
        "import logging, warnings; from pipelines.command_line import terminal; terminal.prepare_process(); "
        "warnings.warn('raw'); warnings.warn('old', DeprecationWarning); logging.getLogger('sqlalchemy').warning('raw')"
    )
    for environment, is_silent in [({}, True), ({"PULSE_DEBUG": "1"}, False), ({"PYTHONWARNINGS": "always"}, False)]:
        known = {key: value for key, value in os.environ.items() if key not in {"PYTHONWARNINGS", "PULSE_DEBUG"}}
        done = subprocess.run(
            [sys.executable, "-c", look], cwd=ROOT, env={**known, **environment}, capture_output=True, check=False
        )
        assert (done.stderr == b"") is is_silent


def test_a_command_within_another_process_leaves_that_as_it_was(folder: Path) -> None:
    before, filters = (sys.stdout, sys.stderr), list(warnings.filters)
    assert cli.main(["status", "--config", str(folder / "pulse.toml")]) == 0
    assert (sys.stdout, sys.stderr) == before
    assert list(warnings.filters) == filters
