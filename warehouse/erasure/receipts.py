"""Reading the receipts of erasures in `lake/erasures/` (docs/guide/erase.md).

An erasure begins its receipt before the learner is on the list of erased learners. The receipt says when that is done.
So the learner of such a receipt has to be on the list (`suppression.py`). Receipts are written by
`assets/erase/receipt.py`.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from warehouse.disk.files import entries, regular_file

REQUIRED_FIELDS = {"learner_sha256": str, "begun_at": str, "finished_at": str | None}


def files(folder: Path) -> list[Path]:
    """Return the files of all receipts, in order.

    Args:
        folder: `lake/erasures`.

    Raises:
        OSError: it may not be looked at.
    """
    return [folder / name for name in entries(folder) if name.endswith(".json")]


def contents(folder: Path) -> dict[Path, dict[str, Any] | None]:
    """Return the content of every receipt, None for one that was changed by hand.

    Args:
        folder: `lake/erasures`.

    Raises:
        OSError: one of them may not be looked at.
    """
    return {file: _read(file) for file in files(folder)}


def is_unfinished(content: Mapping[str, Any]) -> bool:
    """Tell whether an erasure has died, or is still going on."""
    return content["finished_at"] is None


def is_on_list(content: Mapping[str, Any]) -> bool:
    """Tell whether the learner has been put on the list; before receipts said so, that came before the receipt."""
    return bool(content.get("listed_at", True))


def sums_on_list(folder: Path) -> frozenset[str]:
    """Return the sums of the learners who have to be on the list.

    A receipt that was changed by hand counts for nobody; `pulse status` names it.

    Args:
        folder: `lake/erasures`.

    Raises:
        OSError: one of the receipts may not be looked at.
    """
    receipts = contents(folder).values()
    return frozenset(receipt["learner_sha256"] for receipt in receipts if receipt and is_on_list(receipt))


def _read(file: Path) -> dict[str, Any] | None:
    try:
        content = json.loads(regular_file(file).read_text(encoding="utf-8"))
    except (ValueError, IsADirectoryError):
        return None
    is_receipt = isinstance(content, dict) and all(
        name in content and isinstance(content[name], kind) for name, kind in REQUIRED_FIELDS.items()
    )
    return content if is_receipt else None
