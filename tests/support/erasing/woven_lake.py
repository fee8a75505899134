"""A lake and two versions of `woven_world.WOVEN`, and what tests of erasing do to them and look for in them."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import pytest

from assets.night.night import Night
from assets.step2_land.land import land
from pipelines.command_line.cli import main
from tests.oracle.oracle import Stream, World
from tests.support.erasing.woven_world import GONE, LAST_DAY, WOVEN
from tests.support.platforms import platforms
from tests.support.running import replay
from warehouse import crash_points
from warehouse.configuration.configuration import Configuration
from warehouse.lake.lake import Lake

FIRST, SECOND = "pulse-2026-03-03-000001", "pulse-2026-03-04-000002"


def placed(folder: Path, world: World = WOVEN) -> Configuration:
    """Return the configuration of the platform in a folder."""
    return replay.configured(world, replay.Platform(f"sqlite:///{folder}/platform.sqlite", folder))


def two_nights(folder: Path) -> Path:
    """Run two nights of the world, and make the lake of a stream that is configured no more."""
    retired = {"event_id": 1, "user_id": GONE, "occurred_at": "2026-03-03 10:00", "amount": 1}
    rows = {**WOVEN.rows, "retired": [retired, {**retired, "occurred_at": "soon"}]}
    streams = (*WOVEN.streams, Stream("retired", "xp"))
    before = replace(WOVEN, rows=rows, streams=streams)
    platforms.write(before, f"sqlite:///{folder}/platform.sqlite")
    configuration = placed(folder, before)
    land(Night.of(configuration), configuration.streams["retired"], [date(2026, 3, 3)])
    replay.night(placed(folder), date(2026, 3, 3), date(2026, 3, 3))
    assert replay.night(placed(folder), LAST_DAY, LAST_DAY).version == SECOND
    return folder


def pulse(configuration: Configuration, *words: str) -> int:
    return main([*words, "--config", str(configuration.path)])


def places_with(configuration: Configuration, user_id: str = GONE) -> list[Path]:
    """Every file of ours in whose bytes, or name, the id stands in any case; and those in which SQL finds it."""
    wanted = user_id.lower().encode()
    files = [place for place in configuration.data_dir.rglob("*") if place.is_file() and not place.is_symlink()]
    found = [place for place in files if wanted in place.read_bytes().lower() or user_id.lower() in place.name.lower()]
    with duckdb.connect() as connection:
        for place in files:
            if place.suffix == ".parquet":
                text = (
                    f"select count(*) from read_parquet('{place}') as t where contains(lower(t::varchar), '{user_id}')"
                )
                found += [place] * (connection.execute(text).fetchall()[0][0] > 0)
    return found


def receipts(configuration: Configuration) -> list[dict[str, Any]]:
    return [json.loads(place.read_text()) for place in sorted(Lake.of(configuration).erasures.glob("*"))]


class Killed(BaseException):
    """What ends an erasure, or a run, in this process as a kill would, but for what `finally` does."""


@contextmanager
def dying_at(point: str, times: int = 1) -> Iterator[None]:
    """Let whatever is called in the block die when it comes to a point for so many times."""
    seen = count(1)

    def die(name: str) -> None:
        if name == point and next(seen) == times:
            raise Killed

    modules = [module for name, module in sys.modules.items() if name.startswith(("assets", "pipelines", "warehouse"))]
    with pytest.MonkeyPatch.context() as patched:
        for module in modules:
            if hasattr(module, "reached") and module is not crash_points:
                patched.setattr(module, "reached", die)
        with pytest.raises(Killed):
            yield
