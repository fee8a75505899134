"""A warehouse that nobody has verified yet, and which of its files are read to be verified."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import FIRST
from warehouse.versions import verification
from warehouse.versions.versions import Warehouse


@pytest.fixture
def warehouse(nights: Path, tmp_path: Path) -> Warehouse:
    """The pointer is on the first version; nothing has been verified, and nobody has made a place for receipts."""
    warehouse = Warehouse.of(small_platform.copied(nights, tmp_path, FIRST))
    warehouse.receipts.rmdir()
    return warehouse


@pytest.fixture
def files_read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The versions whose files were read to be verified, in order; look-up files are not counted."""
    names: list[str] = []

    def noted(place: Path, is_wanted: Callable[[], bool]) -> Any:
        names.extend([place.stem] if place.suffix == ".duckdb" else [])
        return original(place, is_wanted)

    original = verification._read  # noqa: SLF001
    monkeypatch.setattr(verification, "_read", noted)
    return names
