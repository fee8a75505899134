"""Ways to damage a published version, and what a follower serves beside it."""

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from serve.version.reader import Follower
from tests.support.platforms.small_platform import ANA, ANSWERS, SECOND
from warehouse.versions.versions import Warehouse

HEADERS, BLOCK = 3 * 4096, 1 << 18  # how DuckDB lays a file out


@contextmanager
def writing(place: Path) -> Iterator[None]:
    """Let a published file be written to, which nothing of ours does."""
    place.chmod(0o644)
    yield
    place.chmod(0o444)


def flip(place: Path, position: int, bit: int = 0x10) -> None:
    with writing(place), place.open("r+b") as file:
        file.seek(position)
        (byte,) = file.read(1)
        file.seek(position)
        file.write(bytes([byte ^ bit]))


def served_by(follower: Follower) -> str:
    from serve.version.pulse import learning_pulse

    with follower.version() as version:
        body = json.loads(learning_pulse(version, ANA).body)
        assert body == ANSWERS[ANA][version.name]
        return version.name


def positions(size: int, spread: int) -> list[int]:
    """Where bits are flipped: in the three headers, in the first and the last block, and spread over all between."""
    chance = random.Random(4)
    parts = [*[(4096 * header, 4096) for header in range(3)], (HEADERS, BLOCK), (size - BLOCK, BLOCK)]
    within = [start + chance.randrange(length) for start, length in parts for _ in range(spread // 10)]
    strata = spread - len(within)
    return [*within, *(size * number // strata + chance.randrange(size // strata) for number in range(strata))]


def change_manifest(warehouse: Warehouse, **changes: object) -> None:
    place = warehouse.manifest_file(SECOND)
    place.write_text(json.dumps({**json.loads(place.read_text()), **changes}))
