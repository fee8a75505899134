"""A run that a command has begun goes on with the lake that the command has read; any other reads its own."""

from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest

from assets.night.progress import Silent
from assets.orchestration.resources import NightResource, by_command
from tests.support.platforms.sources import FIRST, only_xp, sqlite_platform, xp_rows
from warehouse.lake.lake import Lake


def test_a_command_hands_down_the_lake_that_it_has_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configuration = only_xp(sqlite_platform(tmp_path), xp_rows(1, FIRST))
    monkeypatch.setenv("PULSE_CONFIG", str(configuration.path))
    read, elsewhere = Lake.of(configuration), replace(Lake.of(configuration), root=tmp_path / "elsewhere")
    used, log = {}, dg.build_op_context().log
    for name, lake in (("its own", read), ("another's", elsewhere), ("none", None)):
        with by_command(Silent(), lake), NightResource().yield_for_execution(dg.build_init_resource_context()) as begun:
            used[name] = begun.now(log).lake
    assert used["its own"] is read
    assert used["another's"] == used["none"] == read
    assert used["another's"] is not elsewhere
    with NightResource().yield_for_execution(dg.build_init_resource_context()) as begun:
        assert begun.now(log).lake is not read, "only in the block of the command"
