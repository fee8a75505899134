"""FAULTS 69: what a run that is launched from Dagster's UI may be told, and what only a command may."""

from pathlib import Path

import dagster as dg
import pytest

from assets.night.progress import Silent
from assets.orchestration.resources import NightResource, by_command
from tests.support.platforms.sources import FIRST, only_xp, sqlite_platform, xp_rows
from warehouse.configuration.configuration import Configuration
from warehouse.errors import PulseError

GUARDS = ("accept_shrink", "accept_quarantine")


@pytest.fixture
def configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Configuration:
    configuration = only_xp(sqlite_platform(tmp_path), xp_rows(1, FIRST))
    monkeypatch.setenv("PULSE_CONFIG", str(configuration.path))
    return configuration


def begin(night: NightResource) -> Configuration:
    """Begin a run, as Dagster does for whoever launches one, and return the configuration that it is over."""
    with night.yield_for_execution(dg.build_init_resource_context()) as begun:
        return begun.now(dg.build_op_context().log).configuration


@pytest.mark.parametrize("guard", GUARDS)
def test_a_guard_is_let_through_by_a_command_alone(configuration: Configuration, guard: str) -> None:
    """FAULTS 69: the line names the command and the key; what is stored of a run cannot say that it is a command's."""
    option = guard.replace("_", "-")
    asked = NightResource(accept_shrink=guard == "accept_shrink", accept_quarantine=guard == "accept_quarantine")
    with pytest.raises(PulseError, match=rf"{guard} .*`pulse nightly --{option}`.*launchpad_accepts = true"):
        begin(asked)
    with by_command(Silent()):
        assert begin(asked).path == configuration.path
    with pytest.raises(PulseError):
        begin(asked)
    assert begin(NightResource()).path == configuration.path


def test_the_launchpad_may_where_the_configuration_says_so(configuration: Configuration) -> None:
    """FAULTS 69."""
    text = configuration.path.read_text(encoding="utf-8")
    configuration.path.write_text(text.replace("[pulse]", "[pulse]\nlaunchpad_accepts = true"), encoding="utf-8")
    assert begin(NightResource(accept_shrink=True, accept_quarantine=True)).pulse.launchpad_accepts


def test_a_runs_configuration_names_no_file(configuration: Configuration) -> None:
    """FAULTS 69: `config_file: ../../pulse.toml` reached whatever could be read; now it is no field of a run."""
    fields = NightResource(accept_shrink=False).to_config_schema().as_field().config_type.fields  # type: ignore[attr-defined]
    assert set(fields) == {"asked_from", *GUARDS}
    assert begin(NightResource()).path == configuration.path
