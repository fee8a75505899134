"""The receipts of erasures, `lake/erasures/`, as whoever does not write them reads them (docs/guide/erase.md).

An erasure begins its receipt before the learner is on the list of erased learners, and says in it when that is done, so
whatever a receipt says is on the list has to be there (`suppression.py`). Who writes them is `assets/erase/receipt.py`.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from warehouse.disk.files import a_file, entries

OURS = {"learner_sha256": str, "begun_at": str, "finished_at": str | None}


def places(folder: Path) -> list[Path]:
    """Return the places of all receipts, in order.

    Args:
        folder: `lake/erasures`.

    Raises:
        OSError: it may not be looked at.
    """
    return [folder / name for name in entries(folder) if name.endswith(".json")]


def contents(folder: Path) -> dict[Path, dict[str, Any] | None]:
    """Return what every receipt says, None for one that somebody has written to.

    Args:
        folder: `lake/erasures`.

    Raises:
        OSError: one of them may not be looked at.
    """
    return {place: _content(place) for place in places(folder)}


def is_unfinished(content: Mapping[str, Any]) -> bool:
    """Tell whether an erasure has died, or is still going on."""
    return content["finished_at"] is None


def is_on_list(content: Mapping[str, Any]) -> bool:
    """Tell whether the learner has been put on the list; before receipts said so, that came before the receipt."""
    return bool(content.get("listed_at", True))


def sums_on_list(folder: Path) -> frozenset[str]:
    """Return the sums of the learners who have to be on the list.

    A receipt that somebody has written to says nothing of anybody; `pulse status` names it.

    Args:
        folder: `lake/erasures`.

    Raises:
        OSError: one of the receipts may not be looked at.
    """
    said = contents(folder).values()
    return frozenset(content["learner_sha256"] for content in said if content and is_on_list(content))


def _content(place: Path) -> dict[str, Any] | None:
    try:
        content = json.loads(a_file(place).read_text(encoding="utf-8"))
    except (ValueError, IsADirectoryError):
        return None
    is_ours = isinstance(content, dict) and all(
        name in content and isinstance(content[name], kind) for name, kind in OURS.items()
    )
    return content if is_ours else None
