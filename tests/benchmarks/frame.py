"""What every question of the benchmarks is made of: pieces that are measured, each in a process of its own.

A piece is a function of a question's module, or a command of another program. It runs alone, from the start of its
process to its end, and is charged what the system says of that process: wall time, processor time and the most memory
that it held. Pieces that are compared take turns, so that what else the machine does falls on all of them.
"""

from __future__ import annotations

import fcntl
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from tests.benchmarks import processor
from tests.support.repository import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Size = Literal["tiny", "scaled", "full"]
ROUNDS: Mapping[Size, int] = {"tiny": 1, "scaled": 2, "full": 5}
KILOBYTES_PER_MEGABYTE = 1000 * 1000 / 1024  # the kernel counts in units of 1024 bytes, we report in 10^6


class BenchmarkError(Exception):
    """A piece failed, or its result differs from its peer's."""


@dataclass(frozen=True)
class Question:
    """A question that the benchmarks answer.

    Args:
        number: its place in the report.
        name: the name of its module, and what the command line calls it.
        title: its heading.
        setting: what is measured, on which data, in a sentence or two (Markdown).
    """

    number: int
    name: str
    title: str
    setting: str


class Cost(NamedTuple):
    """What one run of a piece cost.

    Args:
        wall: seconds from start to end of the process.
        cpu: seconds of processor time, user and system, of all its threads and the processes that it waited for.
        peak_mb: the most memory that it held, in 10^6 bytes, mapped files included.
        answer: what the piece returned, as JSON has it; None for a command.
        server_cpu: seconds of processor time that a database server took meanwhile; None where none of ours was asked.
    """

    wall: float
    cpu: float
    peak_mb: float
    answer: Any
    server_cpu: float | None = None

    @property
    def whole_cpu(self) -> float:
        """The processor time of the piece and of the server together."""
        return self.cpu + (self.server_cpu or 0)


@dataclass(frozen=True)
class Goal:
    """A goal beside what was found.

    Args:
        goal: what was asked for.
        found: what was measured.
        is_reached: whether that is enough; None where a figure is shown without a goal.
    """

    goal: str
    found: str
    is_reached: bool | None


@dataclass
class Result:
    """What a question found in one size, all of it as JSON has it.

    Args:
        facts: what the data are: rows, learners, bytes.
        goals: the goals with what was found.
        costs: for each piece that was measured its costs, run by run.
        plots: the plots, as `plots.py` draws them.
        tables: further tables by their captions: a heading and rows.
        notes: what has to be said of these figures, in sentences.
    """

    facts: dict[str, object] = field(default_factory=dict)
    goals: list[Goal] = field(default_factory=list)
    costs: dict[str, list[Cost]] = field(default_factory=dict)
    plots: list[dict[str, Any]] = field(default_factory=list)
    tables: dict[str, list[list[str]]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return everything but the answers."""
        content = asdict(self)
        content["costs"] = {
            piece: [{name: value for name, value in cost._asdict().items() if name != "answer"} for cost in costs]
            for piece, costs in self.costs.items()
        }
        return content


@dataclass(frozen=True)
class Bench:
    """Where and how large a question is measured.

    Args:
        size: tiny only shows that everything runs.
        folder: for the question's data; it is gone afterwards unless it was asked for by name.
        rounds: how often each piece runs.
        lock: a file that is locked while pieces are measured, for machines on which others measure too.
        before: a checkout of another commit, with its own environment, that serving is measured in turns with.
    """

    size: Size
    folder: Path
    rounds: int
    lock: Path | None = None
    before: Path | None = None

    def at_size(self, *, tiny: int, scaled: int, full: int) -> int:
        """Return the number that belongs to the size."""
        return {"tiny": tiny, "scaled": scaled, "full": full}[self.size]

    def prepare(self, question: str, piece: str, *arguments: object) -> Any:
        """Run a piece that nobody measures, and return its answer."""
        return _run(child(question, piece, self.folder, arguments)).answer

    def take_turns(
        self,
        pieces: Mapping[str, Sequence[object]],
        *,
        rounds: int | None = None,
        before: Mapping[str, Sequence[object]] | None = None,
        server: int | None = None,
    ) -> dict[str, list[Cost]]:
        """Measure pieces, one after the other, round by round.

        Args:
            pieces: by the name under which it is reported, a question, a piece and its arguments, or, after the
                word `command`, another program and its arguments.
            rounds: how often, if not as often as the size says.
            before: what is run, unmeasured, before a piece, in the same form.
            server: the process of a database server that the pieces ask; what it takes meanwhile is theirs.
        """
        costs: dict[str, list[Cost]] = {name: [] for name in pieces}
        for _ in range(rounds or self.rounds):
            with self.alone():
                for name, piece in pieces.items():
                    if before and name in before:
                        _run(self._command(before[name]))
                    costs[name].append(_run_beside(server, self._command(piece)))
                    _say(f"  {name}: {costs[name][-1].wall:.2f} s, {costs[name][-1].peak_mb:,.0f} MB")
        return costs

    def _command(self, piece: Sequence[object]) -> list[str]:
        if piece[0] == "command":
            return [str(word) for word in piece[1:]]
        return child(str(piece[0]), str(piece[1]), self.folder, piece[2:])

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the lock, if there is one, while something is measured."""
        if self.lock is None:
            yield
            return
        with self.lock.open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def child(question: str, piece: str, folder: Path, arguments: Sequence[object]) -> list[str]:
    """Return the command that runs a piece in a process of its own."""
    name = "tests.benchmarks.child"
    return [sys.executable, "-m", name, question, piece, str(folder), *[str(word) for word in arguments]]


def _run_beside(server: int | None, command: Sequence[str]) -> Cost:
    """Run a command, and charge it with what a server takes meanwhile."""
    if server is None:
        return _run(command)
    taken_before = processor.of_server(server)
    cost = _run(command)
    return cost._replace(server_cpu=processor.of_server(server) - taken_before)


def _run(command: Sequence[str]) -> Cost:
    """Run a command to its end; what it prints is shown only if it fails."""
    with tempfile.TemporaryFile() as output, tempfile.NamedTemporaryFile() as answer:
        environment = {**os.environ, "PULSE_BENCH_ANSWER": answer.name}
        start = time.perf_counter()
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            said = output.read().decode(errors="replace")[-2000:]
            message = f"{' '.join(command)} ended with {process.returncode}: {said}"
            raise BenchmarkError(message)
        text = Path(answer.name).read_text(encoding="utf-8")
    cpu = usage.ru_utime + usage.ru_stime
    return Cost(wall, cpu, usage.ru_maxrss / KILOBYTES_PER_MEGABYTE, json.loads(text) if text else None)


def median(costs: Sequence[Cost]) -> float:
    """Return the median of the wall times, in seconds."""
    return statistics.median(cost.wall for cost in costs)


def peak_mb(costs: Sequence[Cost]) -> float:
    """Return the most memory that any of the runs held."""
    return max(cost.peak_mb for cost in costs)


def ratio(ours: Sequence[Cost], theirs: Sequence[Cost]) -> float:
    """Return the median, over the rounds, of our wall time divided by theirs in the same round.

    Where one ran less often there are no rounds in common, and it is the medians that are divided.
    """
    if len(ours) != len(theirs):
        return median(ours) / median(theirs)
    return statistics.median(our.wall / their.wall for our, their in zip(ours, theirs, strict=True))


def cpu_ratio(ours: Sequence[Cost], *theirs: Sequence[Cost]) -> float:
    """Return our processor time divided by that of all the others together, medians, servers included."""

    def taken(costs: Sequence[Cost]) -> float:
        return statistics.median(cost.whole_cpu for cost in costs)

    return taken(ours) / sum(map(taken, theirs))


def same_answers(costs: Mapping[str, Sequence[Cost]], *names: str) -> Any:
    """Return the one answer that every run of these pieces gave.

    Raises:
        BenchmarkError: two answers differ, so at least one of them is wrong and no time counts.
    """
    answers = {name: [cost.answer for cost in costs[name]] for name in names}
    expected = answers[names[0]][0]
    for name, found in answers.items():
        for answer in found:
            if answer != expected:
                message = f"{name} answers {answer}, {names[0]} answers {expected}"
                raise BenchmarkError(message)
    return expected


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
