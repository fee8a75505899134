"""The table of everything that is locked, with its licence: `make licences` writes docs/LICENCES.md.

A licence is what an installed package says of itself: its SPDX expression, else its field `License` if that is one
line, else its classifiers. What is for other systems only (Windows, PyPy) is not installed and says nothing here.
"""

from __future__ import annotations

import re
import sys
from importlib import metadata
from typing import Any, NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.repository import ROOT

LOCK = ROOT / "requirements.lock"
PAGE = ROOT / "docs" / "LICENCES.md"
OURS = "learning-pulse"
ELSEWHERE = "another system"
UNSAID = {"", "Dual License"}  # fields that name no licence
LONGEST = 80  # characters of a field that names a licence and is not its text
USES = {"server": [""], "night": ["", "keys", "limits", "pipelines"]}  # by who needs it: our extras
HEAD = """\
# Licences

Every package of `requirements.lock`, with the licence that it names itself. Written by `make licences`, from what is
installed; a test fails when the lock has changed since. Nothing of them is in this repository: they come from the
package registry.

*Server*: `pip install .` has it. *Night*: one of the extras `keys`, `limits` and `pipelines` does. *Development*:
tests, linters and building, never part of an installation. *Another system*: Windows or PyPy. What
`requirements-bench.lock` has besides is used by `make bench` alone, what `requirements-docs.lock` has by `make docs`.

| package | version | for | licence |
| --- | --- | --- | --- |
"""


class Locked(NamedTuple):
    """A package of the lock file, by its normal name."""

    name: str
    version: str


def locked() -> set[Locked]:
    """Return every package of the lock file, also those for other systems."""
    lines = re.findall(r"^([a-z0-9][^\\\n]*)", LOCK.read_text(encoding="utf-8"), flags=re.MULTILINE)
    found = [Requirement(line) for line in lines]
    return {Locked(one.name, str(one.specifier).removeprefix("==")) for one in found}


def page() -> str:
    """Return the whole page."""
    needed = {use: closure(extras) for use, extras in USES.items()}
    rows = []
    for name, version in sorted(locked()):
        named = licence(name)
        use = next((use for use, names in needed.items() if name in names), "development" if named else ELSEWHERE)
        rows.append(f"| {name} | {version} | {use} | {named or 'not installed'} |\n")
    return HEAD + "".join(rows)


def closure(extras: list[str]) -> set[str]:
    """Return the normal names of all that our package needs on this machine, directly or not.

    Args:
        extras: of our package; the empty one for what it needs in any case.
    """
    found: set[str] = set()
    waiting = [(OURS, extra) for extra in extras]
    seen = set(waiting)
    while waiting:
        name, extra = waiting.pop()
        found.add(name)
        for requirement in map(Requirement, metadata.requires(name) or []):
            if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
                wanted = {(canonicalize_name(requirement.name), of) for of in ("", *requirement.extras)}
                waiting.extend(wanted - seen)
                seen |= wanted
    return found


def licence(name: str) -> str:
    """Return what an installed package says its licence is, whatever its version; nothing if it is not installed."""
    try:
        about: Any = metadata.metadata(name)  # a message of an e-mail
    except metadata.PackageNotFoundError:
        return ""
    for field in ("License-Expression", "License"):
        text = " ".join((about.get(field) or "").split())
        if text not in UNSAID and len(text) <= LONGEST:
            return text
    named = [line.rpartition(" :: ")[2] for line in about.get_all("Classifier") or [] if line.startswith("License ::")]
    return ", ".join(named) or "none named"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE.relative_to(ROOT)}: {len(locked())} packages\n")
