"""Settings of one's own for Dagster are kept, what keeps two runs apart stays ours, and others build on what is ours.

What docs/guide/dagster.md shows is taken from there, and run.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import yaml

from pipelines.command_line.cli import main
from pipelines.instance import dagster_home
from tests.documents.documents import TEXTS, blocks_of
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import SECOND
from tests.support.platforms.throwaway_postgres import throwaway_postgres
from tests.support.repository import ROOT
from warehouse.configuration.configuration import Configuration, load
from warehouse.errors import ConfigurationError


def shown(language: str) -> list[str]:
    """Return the examples of the page in a language."""
    return blocks_of(TEXTS["docs/guide/dagster.md"], language)


@pytest.fixture
def configuration(nights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Configuration:
    for name in ("DAGSTER_HOME", "DAGSTER_DISABLE_TELEMETRY", "DAGSTER_EVENT_BATCH_SIZE", "PULSE_CONFIG"):
        monkeypatch.setenv(name, "")
    copied = small_platform.copied(nights, tmp_path, SECOND)
    (key,) = [line for line in shown("toml")[0].splitlines() if line.startswith("dagster_yaml")]
    copied.path.write_text(copied.path.read_text().replace("[pulse]", f"[pulse]\n{key}", 1))
    return load(copied.path, ["sources"])


def write(configuration: Configuration, text: str) -> None:
    assert configuration.dagster_yaml
    configuration.dagster_yaml.write_text(text)


def prepared(configuration: Configuration) -> dict[str, object]:
    written = dagster_home.prepare(configuration) / "dagster.yaml"
    return dict(yaml.safe_load(written.read_text()))


def test_keys_of_ones_own_win_and_the_others_stay(configuration: Configuration) -> None:
    write(configuration, "retention: {sensor: {purge_after_days: 3}}\npython_logs: {python_log_level: INFO}\n")
    for _ in range(2):
        settings = prepared(configuration)
        assert settings["python_logs"] == {"python_log_level": "INFO"}
        assert settings["retention"] == {"schedule": {"purge_after_days": 90}, "sensor": {"purge_after_days": 3}}
        assert settings["concurrency"] == {"runs": {"max_concurrent_runs": 1}}
        assert settings["telemetry"] == {"enabled": False}
        assert "run_storage" in settings


def test_storage_of_ones_own_takes_the_place_of_all_of_ours(configuration: Configuration) -> None:
    write(configuration, shown("yaml")[0])
    settings = prepared(configuration)
    assert "postgres" in dict(settings["storage"])  # type: ignore[call-overload]
    assert {"run_storage", "event_log_storage"}.isdisjoint(settings)
    assert settings["run_coordinator"] == {
        "module": "pipelines.instance.run_coordinator",
        "class": "YesterdayUnlessNamed",
    }


@pytest.mark.parametrize(
    ("text", "culprit"),
    [
        ("run_coordinator: {module: dagster, class: DefaultRunCoordinator}", "run_coordinator: runs go one after"),
        ("run_queue: {max_concurrent_runs: 3}", "run_coordinator: runs go one after"),
        ("concurrency: {runs: {max_concurrent_runs: 2}}", "concurrency.runs: runs go one after"),
        ("run_launcher: {module: dagster_docker, class: DockerRunLauncher}", "DockerRunLauncher starts runs elsewhere"),
        ("run_launcher: k8s", "run_launcher: it starts runs elsewhere"),
        ("- a\n- list", "it has no keys"),
        ("a: [", "it cannot be read"),
    ],
)
def test_what_would_let_two_runs_at_the_same_files_is_refused(
    configuration: Configuration, text: str, culprit: str
) -> None:
    write(configuration, text)
    with pytest.raises(ConfigurationError, match=re.escape(culprit)) as raised:
        prepared(configuration)
    assert str(configuration.dagster_yaml) in str(raised.value)


def test_a_file_that_is_not_there_ends_a_command_with_2(
    configuration: Configuration, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["nightly", "--day", "2025-12-31", "--config", str(configuration.path)]) == 2
    assert "own-dagster.yaml: it cannot be read" in capsys.readouterr().err


def test_a_queue_of_one_and_a_launcher_of_this_machine_may_be_said_again(configuration: Configuration) -> None:
    write(
        configuration,
        "concurrency: {runs: {max_concurrent_runs: 1}, pools: {default_limit: 1}}\n"
        "run_launcher: {module: dagster, class: DefaultRunLauncher}\n",
    )
    assert prepared(configuration)["concurrency"] == {
        "runs": {"max_concurrent_runs": 1},
        "pools": {"default_limit": 1},
    }


# --- in processes of their own --------------------------------------------------------------------------------------


@pytest.fixture
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with throwaway_postgres(tmp_path_factory.mktemp("pg") / "d") as url:
        yield url


@pytest.mark.slow
def test_a_night_keeps_its_history_in_postgresql(configuration: Configuration, tmp_path: Path, postgres: str) -> None:
    write(configuration, shown("yaml")[0].replace("/var/log/learning-pulse", str(tmp_path / "logs")))
    words = ["-m", "pipelines.command_line.cli", "nightly", "--day", "2025-12-31", "--config", str(configuration.path)]
    environment = {
        **os.environ,
        "DAGSTER_POSTGRES_URL": postgres.replace("postgresql", "postgresql+psycopg2", 1),
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run([sys.executable, *words], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with psycopg.connect(postgres) as connection:
        rows = connection.execute("select status, pipeline_name from runs").fetchall()
    assert rows == [("SUCCESS", "nightly")]
    assert not (configuration.data_dir / "dagster" / "history" / "runs.db").exists()
    assert main(["check", "--json", "--config", str(configuration.path)]) in {0, 1}


@pytest.mark.slow
def test_another_code_location_depends_on_what_is_published(configuration: Configuration, tmp_path: Path) -> None:
    write(configuration, "")
    (tmp_path / "workspace.yaml").write_text(shown("yaml")[1])
    (tmp_path / "reports.py").write_text(shown("python")[0])
    environment = {**os.environ, "PULSE_CONFIG": str(configuration.path), "PYTHONPATH": str(ROOT)}
    environment |= {"DAGSTER_HOME": str(tmp_path / "dagster-of-theirs"), "DAGSTER_DISABLE_TELEMETRY": "1"}
    (tmp_path / "dagster-of-theirs").mkdir()
    dagster = [sys.executable, "-m", "dagster"]
    done = subprocess.run(
        [*dagster, "definitions", "validate", "-w", "workspace.yaml"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    asked = subprocess.run(
        [sys.executable, "-c", PARENTS], cwd=tmp_path, env=environment, capture_output=True, check=False
    )
    assert asked.returncode == 0, asked.stderr.decode()
    assert json.loads((tmp_path / "parents.json").read_text()) == [["warehouse", "pulse"]]


PARENTS = """
import json
from pathlib import Path
from dagster import DagsterInstance
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget

target = WorkspaceFileTarget(["workspace.yaml"])
with DagsterInstance.get() as instance, WorkspaceProcessContext(instance, target) as context:
    graph = context.create_request_context().asset_graph
    (report,) = [key for key in graph.get_all_asset_keys() if key.path == ["learners_of_the_week"]]
    (parent,) = graph.get(report).parent_keys
    assert graph.get(parent).is_materializable
    Path("parents.json").write_text(json.dumps([parent.path]))
"""
