"""The receipt of an erasure: what was there before and after, place by place, and never whose (FAULTS 42).

It is written before anything is removed, so that a rerun of an erasure that died finishes the receipt of the first
with the counts that the first one saw.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from assets.step8_places import Found
from warehouse import clock
from warehouse.files import entries, written_beside
from warehouse.lake import Lake

SHOWN_SECONDS = "%Y-%m-%dT%H:%M:%SZ"


class Receipt:
    """A receipt that is begun, and finished by `finish`.

    Args:
        place: its file.
        content: what it says so far.
    """

    def __init__(self, place: Path, content: dict[str, Any]) -> None:
        self.place = place
        self.content = content

    @property
    def rows_before(self) -> int:
        """All rows that named the learner when the erasure began."""
        lake, versions = self.content["lake"].values(), self.content["versions"].values()
        counts = [*lake, *(count for tables in versions for count in tables.values())]
        return sum(count["before"] for count in counts)

    def finish(self, after: Found, version: str | None) -> None:
        """Write what is left and what was published.

        Args:
            after: where the learner is still.
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
        with written_beside(self.place) as unfinished:
            unfinished.write_text(self.to_json(), encoding="ascii")

    def to_json(self) -> str:
        """Return the receipt's text."""
        return json.dumps(self.content, indent=2) + "\n"


def begin(lake: Lake, learner_sha256: str, before: Found, pinned: str | None) -> Receipt:
    """Begin a receipt, or take up the one of an erasure of the same learner that was not finished.

    Args:
        lake: where receipts are kept.
        learner_sha256: the salted sum of the learner's id.
        before: where the learner is.
        pinned: the version that is pinned; an erasure that publishes removes the pin.
    """
    mine = [found for found in unfinished(lake) if found.content["learner_sha256"] == learner_sha256]
    receipt = mine[0] if mine else _new(lake, learner_sha256, pinned)
    _count(receipt.content["lake"], before.lake)
    for version, tables in before.versions.items():
        _count(receipt.content["versions"].setdefault(version, {}), tables)
    receipt.write()
    return receipt


def unfinished(lake: Lake) -> list[Receipt]:
    """Return the receipts of erasures that died and have not been run again."""
    contents = {place: _content(place) for place in _places(lake)}
    return [
        Receipt(place, content)
        for place, content in contents.items()
        if content is not None and content.get("finished_at", "") is None
    ]


def unreadable(lake: Lake) -> list[Path]:
    """Return the receipts that somebody has written to: whose they are, and whether they are finished, is not known."""
    return [place for place in _places(lake) if _content(place) is None]


def _places(lake: Lake) -> list[Path]:
    return [lake.erasures / name for name in entries(lake.erasures) if name.endswith(".json")]


def _content(place: Path) -> dict[str, Any] | None:
    """Read a receipt, None if it is none of ours any more."""
    try:
        content = json.loads(place.read_text(encoding="utf-8"))
    except (ValueError, IsADirectoryError):
        return None
    is_ours = isinstance(content, dict) and {"learner_sha256", "begun_at", "finished_at"} <= content.keys()
    return content if is_ours else None


def _new(lake: Lake, learner_sha256: str, pinned: str | None) -> Receipt:
    now = _now()
    name = f"{now.replace(':', '-')}-{len(_places(lake)) + 1:06}.json"
    whose = {"learner_sha256": learner_sha256, "begun_at": now, "finished_at": None, "pin": pinned}
    return Receipt(lake.erasures / name, {**whose, "lake": {}, "versions": {}})


def _count(counts: dict[str, dict[str, int]], found: Mapping[str, int]) -> None:
    """Note what is there now; what an earlier attempt has seen and removed stays noted."""
    for name in sorted(found):
        seen = counts.get(name, {}).get("before", 0)
        counts[name] = {"before": max(seen, found[name]), "after": found[name]}


def _now() -> str:
    return clock.now().strftime(SHOWN_SECONDS)
