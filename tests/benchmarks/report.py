"""Keeps what was measured in `docs/benchmarks.json` and writes `docs/BENCHMARKS.md` and its plots from all of it.

Figures come from the JSON alone. What a person has to say of them, such as the profile that explains a miss, stands in
the file of the question in `tests/benchmarks/notes/` and goes under the question's figures.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
from datetime import UTC, datetime
from importlib import metadata
from typing import TYPE_CHECKING, Any

from tests.benchmarks import plots
from tests.benchmarks.parts import SHARE
from tests.support.repository import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.benchmarks.frame import Question, Result, Size

FIGURES = ROOT / "docs" / "benchmarks.json"
REPORT = ROOT / "docs" / "BENCHMARKS.md"
IMAGES = ROOT / "docs" / "images"
NOTES = ROOT / "tests" / "benchmarks" / "notes"
PACKAGES = (
    *("duckdb", "pyarrow", "adbc-driver-postgresql", "polars", "chdb", "pandas", "flask", "granian", "psycopg"),
    "sqlalchemy",
)
SIZES = {"full": "Full size", "scaled": "Scaled"}
PAIR = 2  # columns: a thing and its figure
LEAST_SHARE = 5.0  # percent of a whole, below which a part is not told by itself
HEAD = """# Benchmarks

What it costs, beside what people would use instead, by `make bench` (scaled) and `make bench-full`. Each question is
shown at the largest size that was measured; all figures are in [benchmarks.json](benchmarks.json).
"""
MEASURED = """\
Every piece runs in a process of its own, pieces that are compared take turns, and a result that differs from its peer's
is a failed benchmark. **Ratios from one run on one machine count; absolute times are context.** Time is the whole
process, imports included; memory is the most that the process held (`ru_maxrss`), mapped files included, a database
server's own not. The processor time of a PostgreSQL that the benchmarks started stands beside that of its piece. A
ratio is the median over the rounds of ours by the peer's, or one median by the other where the peer ran less often.
"""


def add(question: Question, size: Size, result: Result, seconds: float) -> None:
    """Keep what a question found and write the report anew."""
    figures = _figures()
    held = figures.setdefault(question.name, {})
    held["question"] = {"number": question.number, "title": question.title, "setting": question.setting}
    held[size] = {**result.to_json(), "circumstances": _circumstances(size, question.name, seconds)}
    FIGURES.write_text(json.dumps(figures, indent=1, default=str) + "\n", encoding="utf-8")
    write()


def write() -> None:
    """Write the report and its plots from the figures."""
    figures = sorted(_figures().items(), key=lambda item: item[1]["question"]["number"])
    text = "\n".join([HEAD, _summary(figures), MEASURED, *[_section(name, held) for name, held in figures]])
    REPORT.write_text(text.rstrip() + "\n", encoding="utf-8")
    for old in IMAGES.glob("benchmark-*.svg"):
        old.unlink()
    for name, held in figures:
        size = _largest(held)
        for number, plot in enumerate(held[size]["plots"]):
            (IMAGES / _image(name, size, number)).write_text(plots.svg(plot), encoding="utf-8")


def _figures() -> dict[str, Any]:
    return dict(json.loads(FIGURES.read_text(encoding="utf-8"))) if FIGURES.exists() else {}


def _summary(figures: Sequence[tuple[str, Mapping[str, Any]]]) -> str:
    rows, verdicts = [], []
    for _, held in figures:
        size = _largest(held)
        title = held["question"]["title"]
        place = f"[{title}](#{held['question']['number']}-{title.lower().replace(' ', '-')})"
        goals = [goal for goal in held[size]["goals"] if goal["is_reached"] is not None]
        rows += [[place, SIZES[size], goal["goal"], goal["found"], _verdict(goal)] for goal in goals]
        verdicts += [goal["is_reached"] for goal in goals]
    missed = verdicts.count(False)
    stands = f"Of {len(verdicts)} goals {missed} are missed. Under each question stands what the miss is made of."
    return f"## Goals\n\n{stands}\n\n" + _table(["question", "size", "goal", "found", ""], rows)


def _largest(held: Mapping[str, Any]) -> str:
    """Return the largest size that a question was measured at."""
    return next(size for size in SIZES if size in held)


def _section(name: str, held: Mapping[str, Any]) -> str:
    question = held["question"]
    parts = [f"## {question['number']} {question['title']}\n"]
    parts += _figures_of(name, _largest(held), held[_largest(held)], question["setting"])
    note = NOTES / f"{name}.md"
    if note.exists():
        parts.append(note.read_text(encoding="utf-8"))
    return "\n".join(parts)


def _figures_of(name: str, size: str, found: Mapping[str, Any], setting: str) -> list[str]:
    facts = [f"{key}: {_number(value)}" for key, value in found["facts"].items()]
    parts = [f"{setting} **{SIZES[size]}**; {'; '.join(facts)}.\n"]
    if found["costs"]:
        heading = ["piece", "runs", "wall: median (least to most)", "processor", "memory"]
        with_server = any(_server_cpu(costs) for costs in found["costs"].values())
        heading += ["the server's processor"] if with_server else []
        rows = [_cost_row(piece, costs, with_server=with_server) for piece, costs in found["costs"].items()]
        parts.append(_table(heading, rows))
    for caption, rows in found["tables"].items():
        parts.append(_listed(caption, rows))
    if beside := [f"{goal['goal']}: {goal['found']}" for goal in found["goals"] if goal["is_reached"] is None]:
        parts.append(f"Beside the goals: {'; '.join(beside)}.\n")
    if found["plots"]:
        images = [f"![{plot['title']}](images/{_image(name, size, n)})" for n, plot in enumerate(found["plots"])]
        parts.append(f"{' '.join(images)}\n")
    parts.append(" ".join([*found["notes"], _circumstances_line(found["circumstances"])]))
    return parts


def _listed(caption: str, rows: Sequence[Sequence[str]]) -> str:
    """Return a table under its caption; what has two columns, and shares of a whole, in a sentence instead.

    Of shares those that count are named, and the others added up.
    """
    if rows[0][-1] != SHARE and len(rows[0]) != PAIR:
        return f"{caption}\n\n{_table(rows[0], rows[1:])}"
    shares = [float(row[-1].removesuffix("%")) if rows[0][-1] == SHARE else LEAST_SHARE for row in rows[1:]]
    named = [row for row, share in zip(rows[1:], shares, strict=True) if share >= LEAST_SHARE]
    items = [f"{' '.join(filter(None, row[:-1]))}: {row[-1]}" for row in named]
    if rest := len(shares) - len(named):
        added = sum(share for share in shares if share < LEAST_SHARE)
        items.append(f"{rest} parts of less than {LEAST_SHARE:.0f}% each: {added:.1f}%")
    return f"{caption.rstrip('.:')}: {'; '.join(items)}.\n"


def _cost_row(piece: str, costs: Sequence[Mapping[str, float]], *, with_server: bool) -> list[str]:
    walls = [cost["wall"] for cost in costs]
    cpu = statistics.median(cost["cpu"] for cost in costs)
    most = max(cost["peak_mb"] for cost in costs)
    wall = f"{statistics.median(walls):.2f} s ({min(walls):.2f} to {max(walls):.2f})"
    server = _server_cpu(costs)
    beside = ["" if server is None else f"{server:.2f} s"] if with_server else []
    return [piece, str(len(costs)), wall, f"{cpu:.2f} s", f"{most:,.0f} MB", *beside]


def _server_cpu(costs: Sequence[Mapping[str, float]]) -> float | None:
    """Return the median of what a database server took, None where it was not measured."""
    taken = [cost["server_cpu"] for cost in costs if cost.get("server_cpu") is not None]
    return statistics.median(taken) if taken else None


def _verdict(goal: Mapping[str, Any]) -> str:
    return "reached" if goal["is_reached"] else "**missed**"


def _number(value: object) -> str:
    return f"{value:,}" if isinstance(value, int | float) else str(value)


def _table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _image(name: str, size: str, number: int) -> str:
    return f"benchmark-{name}-{size}-{number + 1}.svg"


def _circumstances(size: Size, name: str, seconds: float) -> dict[str, Any]:
    git = ["git", "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(git, cwd=ROOT, capture_output=True, text=True, check=False)
    return {
        "command": f"python -m tests.benchmarks{' --full' if size == 'full' else ''} --only {name}",
        "measured_at": datetime.now(UTC).isoformat(timespec="minutes"),
        "seconds_in_all": round(seconds),
        "commit": commit.stdout.strip(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9),
        "system": platform.platform(),
        "python": platform.python_version(),
        "packages": {package: _version(package) for package in PACKAGES if _version(package)},
    }


def _circumstances_line(held: Mapping[str, Any]) -> str:
    packages = ", ".join(f"{name} {version}" for name, version in held["packages"].items())
    return (
        f"<sub>`{held['command']}`, {held['measured_at']}, {held['seconds_in_all']} s with making the data, commit "
        f"{held['commit']}; {held['processor']}, {held['cores']} cores, {held['memory_gb']} GB, {held['system']}; "
        f"Python {held['python']}, {packages}</sub>\n"
    )


def _processor() -> str:
    with open("/proc/cpuinfo", encoding="utf-8") as file:  # noqa: PTH123 - no path of ours
        names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
