"""The checks of step 6: each is a file in `checks/`, a query of failing rows under a header.

The header is the comment at the beginning. It says what holds when the check passes, then has a line for each of
`KEYS`. Dagster, the error and docs/reference/checks.md are made from it, so a new check is a new file. `check.py` runs
the checks, and each reports. A check without a report fails.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from warehouse import engine
from warehouse.configuration.configuration import Configuration
from warehouse.errors import CheckFailedError

FOLDER = Path(__file__).with_name("checks")
# What a check may need beside the version.
BEFORE, PROFILE, STREAMS = "a version before", "the profile", "activity by stream"
FAULT = "this is a fault in the pipeline: keep the lake, run `pulse build`, and report it"
LET_THROUGH = "let through"
NOTHING = "nothing"  # what a check compared that has not reported
KEYS = {
    "table": "table",
    "reads": "reads",
    "compares": "compares",
    "way out": "way_out",
    "let through by": "guard",
    "beside": "beside",
}


@dataclass(frozen=True)
class Check:
    """A check that blocks publishing.

    Args:
        name: that of its file.
        table: the public table beside which it is shown.
        description: what holds when it passes.
        compares: a query of how many rows it looks at, one row and one column.
        way_out: what an operator does about it; by default that of a fault of ours.
        guard: by which option an operator lets it through; empty if by none.
        beside: what it needs to look at anything: `a version before`, `the profile`, `activity by stream`, or nothing.
        model: the query of failing rows, each with an `example`; empty where Python asks.
        reads: the tables that it reads.
    """

    name: str
    table: str
    description: str
    compares: str = ""
    way_out: str = FAULT
    guard: str = ""
    beside: str = ""
    model: str = field(default="", repr=False)
    reads: str = ""


@dataclass(frozen=True)
class Report:
    """The report of a check that was run.

    Args:
        name: that of the check.
        violations: how often it is violated.
        example: one violation.
        compared: how many rows were compared, `nothing before` where there is no version to compare with, `no
            profile` or `not by stream` where the version has none, or `let through`.
    """

    name: str
    violations: int
    example: str | None
    compared: str


@dataclass(frozen=True)
class Outcome:
    """What a check found.

    Args:
        check: the check.
        violations: how often it is violated; 0 passes.
        example: one violation.
        compared: as in the check's report.
    """

    check: Check
    violations: int
    example: str | None
    compared: str

    @property
    def passed(self) -> bool:
        """Whether the check lets the version through."""
        return self.violations == 0


def checks_in(folder: Path) -> Iterator[Check]:
    """Read the checks of a folder, in the order of their names.

    Raises:
        ValueError: a header lacks what every check says, or says something twice.
    """
    for file in sorted(folder.glob("*.sql")):
        text = engine.sql(file)
        description, fields = _header(text, file)
        if not description or not {"table", "compares"} <= fields.keys():
            raise ValueError(f"{file.name} does not say what holds, beside which table, and what it compares")
        yield Check(file.stem, description=description, model=text, **fields)


def _header(text: str, file: Path) -> tuple[str, dict[str, str]]:
    """Return a header's description and its fields by key; an empty line of comment ends it."""
    description, fields, key = [], {}, ""
    for line in text.splitlines():
        if not line.startswith("-- "):
            break
        words = line.removeprefix("-- ")
        name, colon, rest = words.partition(": ")
        if colon and name in KEYS:
            key = KEYS[name]
            if key in fields:
                raise ValueError(f"{file.name} says twice: {name}")
            fields[key] = rest
        elif key:
            fields[key] += f" {words}"
        else:
            description.append(words)
    return " ".join(description), fields


READABLE = Check(
    "readable", "version_info", "Every column of the finished file can be read, and hashes to what it says."
)
LOOKUP_FILE = Check(
    "lookup_file_equals_tables",
    "pulse_totals",
    "The look-up file has the learners of the tables and says the same of a part of them (R13), another one each time.",
)
CHECK_LIST = (READABLE, LOOKUP_FILE, *checks_in(FOLDER))


def checks_of(configuration: Configuration) -> tuple[Check, ...]:
    """Return the checks that look at anything: those of the profile do where there is one, and so on."""
    missing = missing_of(configuration)
    return tuple(check for check in CHECK_LIST if check.beside not in missing)


def missing_of(configuration: Configuration) -> dict[str, str]:
    """Return what checks may need and a configuration leaves out, with what they report instead."""
    pulse = configuration.pulse
    return ({} if pulse.profile else {PROFILE: "no profile"}) | ({} if pulse.by_stream else {STREAMS: "not by stream"})


def judged(reports: Collection[Report]) -> list[Outcome]:
    """Return the outcome of every check; one that has not reported once, and what it compared, fails.

    Raises:
        CheckFailedError: a report is of no check on the list.
    """
    names = {check.name for check in CHECK_LIST}
    if unknown := sorted({report.name for report in reports} - names):
        raise CheckFailedError(f"checks that nobody knows have reported: {', '.join(unknown)}; {FAULT}")
    return [_outcome(check, [report for report in reports if report.name == check.name]) for check in CHECK_LIST]


def _outcome(check: Check, reports: Sequence[Report]) -> Outcome:
    if len(reports) == 1 and reports[0].compared:
        return Outcome(check, reports[0].violations, reports[0].example, reports[0].compared)
    missing = f"{len(reports)} reports" if len(reports) != 1 else "a report that does not say what it compared"
    return Outcome(replace(check, way_out=FAULT), 1, missing, NOTHING)


def page() -> str:
    """Return docs/reference/checks.md."""
    parts = [
        "# Checks\n",
        "Nothing is published that one of these finds fault with. They are the files of `assets/step6_check/checks`,",
        "and two that are asked in Python; `make checks` writes this page from their headers. Dagster shows each",
        "beside its table. What may be let through, and how, is said in the guide, under Operate.\n",
        "| check | beside the table | what holds | let through by |",
        "| --- | --- | --- | --- |",
        *(f"| `{item.name}` | `{item.table}` | {item.description} | {_option(item.guard)} |" for item in CHECK_LIST),
    ]
    return "\n".join(parts) + "\n"


def _option(guard: str) -> str:
    return f"`--{guard.replace('_', '-')}`" if guard else ""
