"""The receipt of an erasure: rows before and after, by stream and table, and never the learner's id (FAULTS 42).

It is begun before the learner is put on the list. So an erasure that died is known from its first step on (FAULTS 75).
The counts are added before anything is removed. A rerun finishes the first run's receipt with the counts of that run.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from assets.erase.find_learner import LearnerRows
from warehouse import clock
from warehouse.disk.files import written_beside
from warehouse.erasure import receipts
from warehouse.lake.lake import Lake

SHOWN_SECONDS = "%Y-%m-%dT%H:%M:%SZ"


class Receipt:
    """A receipt that is begun, given its counts by `count`, and finished by `finish`.

    Args:
        path: its file.
        content: what it says so far.
    """

    def __init__(self, path: Path, content: dict[str, Any]) -> None:
        self.path = path
        self.content = content

    @property
    def rows_before(self) -> int:
        """All rows that named the learner when the erasure began."""
        lake, versions = self.content["lake"].values(), self.content["versions"].values()
        counts = [*lake, *(count for tables in versions for count in tables.values())]
        return sum(count["before"] for count in counts)

    def count(self, before: LearnerRows) -> None:
        """Write that the learner is on the list, and how many rows name the learner.

        What an earlier attempt counted and removed stays in it.

        Args:
            before: the rows that name the learner.
        """
        self.content["listed_at"] = self.content.get("listed_at") or _now()
        _count(self.content["lake"], before.lake)
        for version, tables in before.versions.items():
            _count(self.content["versions"].setdefault(version, {}), tables)
        self.write()

    def finish(self, after: LearnerRows, version: str | None) -> None:
        """Write what is left and what was published.

        Args:
            after: the rows that still name the learner.
            version: what was published without the learner; None if nothing had to be, or could be.
        """
        versions = self.content["versions"]
        for name, count in self.content["lake"].items():
            count["after"] = after.lake[name]
        for name, tables in versions.items():
            for table, count in tables.items():
                count["after"] = after.versions.get(name, {}).get(table, 0)
        self.content |= {
            "finished_at": _now(),
            "version": version,
            "versions_deleted": [name for name in versions if name not in after.versions],
        }
        self.write()

    def write(self) -> None:
        """Write what it says so far."""
        with written_beside(self.path) as unfinished:
            unfinished.write_text(self.to_json(), encoding="ascii")

    def to_json(self) -> str:
        """Return the receipt's text."""
        return json.dumps(self.content, indent=2) + "\n"


def begin(lake: Lake, learner_sha256: str, pinned: str | None) -> Receipt:
    """Begin a receipt, or take up the one of an erasure of the same learner that was not finished.

    Args:
        lake: where receipts are kept.
        learner_sha256: the salted sum of the learner's id.
        pinned: the version that is pinned; an erasure that publishes removes the pin.
    """
    for receipt in unfinished(lake):
        if receipt.content["learner_sha256"] == learner_sha256:
            return receipt
    now = _now()
    name = f"{now.replace(':', '-')}-{len(receipts.files(lake.erasures)) + 1:06}.json"
    times = {"begun_at": now, "listed_at": None, "finished_at": None}
    whose = {"learner_sha256": learner_sha256, **times, "pin": pinned}
    receipt = Receipt(lake.erasures / name, {**whose, "lake": {}, "versions": {}})
    receipt.write()
    return receipt


def unfinished(lake: Lake) -> list[Receipt]:
    """Return the receipts of erasures that died and have not been run again."""
    return [
        Receipt(path, content)
        for path, content in receipts.contents(lake.erasures).items()
        if content is not None and receipts.is_unfinished(content)
    ]


def unreadable(lake: Lake) -> list[Path]:
    """Return the receipts that were changed by hand: of them neither learner nor state is known."""
    return [path for path, content in receipts.contents(lake.erasures).items() if content is None]


def _count(counts: dict[str, dict[str, int]], rows: Mapping[str, int]) -> None:
    for name in sorted(rows):
        counted_before = counts.get(name, {}).get("before", 0)
        counts[name] = {"before": max(counted_before, rows[name]), "after": rows[name]}


def _now() -> str:
    return clock.now().strftime(SHOWN_SECONDS)
