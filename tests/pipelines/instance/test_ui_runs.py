"""A running `pulse ui` runs the schedule, and continues what a command has begun.

What else may be clicked is `test_dagster_clicks.py`'s.
"""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Any

import pytest

from tests.support.repository import ROOT
from tests.support.running.dagster_place import LAST_DAY, Place, at_home
from warehouse.disk.lock import run_lock
from warehouse.errors import PulseError

WORKSPACE = """{ workspaceOrError { ... on Workspace { locationEntries { name locationOrLoadError {
    ... on RepositoryLocation { repositories { name jobs { name } schedules { name scheduleState { status } } } }
    ... on PythonError { message }
} } } } }"""
RUNS = """{ runsOrError { ... on Runs { results {
    runId status jobName parentRunId repositoryOrigin { repositoryName repositoryLocationName }
    stepKeysToExecute
} } } }"""
RUN_AGAIN = """mutation($parent: String!) {
    launchRunReexecution(reexecutionParams: { parentRunId: $parent, strategy: FROM_FAILURE }) {
        __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message }
    }
}"""
BEGUN = """query($run: ID!) { logsForRun(runId: $run) { ... on EventConnection { events { __typename } } } }"""
PATIENCE = 120  # seconds; on a quiet machine the UI is there in ten


def eventually(ask: Callable[[], Any]) -> Any:
    """Ask until the answer is true, as long as our patience lasts."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with suppress(ConnectionError, TimeoutError):
            if answer := ask():
                return answer
        time.sleep(0.2)
    raise AssertionError(f"still {ask()!r} after {PATIENCE} seconds")


def asked_over_graphql(port: int, query: str, variables: dict[str, str]) -> Any:
    """Return the data of the UI's answer."""
    body = json.dumps({"query": query, "variables": variables}).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/graphql", body, headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - our own, on this machine
            return json.load(answer)["data"]
    except urllib.error.HTTPError as error:
        pytest.fail(error.read().decode())
    except urllib.error.URLError as error:
        raise ConnectionError from error


@pytest.mark.slow
def test_the_ui_runs_the_schedule_and_continues_a_commands_failed_night_when_the_lock_is_free(
    platform: Place, published: Place, copy_of: Callable[[Place], Place]
) -> None:
    """FAULTS 6, 13: what `pulse ui` starts, asked over GraphQL as its pages do; SIGTERM ends all of it."""
    place = copy_of(platform)
    place.sql("alter table quiz_attempts rename to elsewhere")
    with at_home(place), pytest.raises(PulseError):
        place.night()
    place.sql("alter table elsewhere rename to quiz_attempts")
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]

    def ask(query: str, **variables: str) -> Any:
        return asked_over_graphql(port, query, variables)

    def location() -> Any:
        (entry,) = ask(WORKSPACE)["workspaceOrError"]["locationEntries"]
        return entry["locationOrLoadError"] and entry

    words = [sys.executable, "-m", "pipelines.command_line.cli", "ui", "--port", str(port), "--config", "pulse.toml"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with (
        (place.folder / "ui.log").open("w+") as log,
        subprocess.Popen(words, env=environment, stdout=log, stderr=log, cwd=place.folder) as ui,
    ):
        try:
            entry = eventually(location)
            assert entry["name"] == "pipelines.definitions"
            (repository,) = entry["locationOrLoadError"]["repositories"]
            assert {"name": "nightly"} in repository["jobs"]
            running = {"scheduleState": {"status": "RUNNING"}}
            assert repository["schedules"] == [{"name": name, **running} for name in ("every_night", "every_week")]
            (failed,) = ask(RUNS)["runsOrError"]["results"]
            assert (failed["status"], failed["jobName"]) == ("FAILURE", "nightly")
            origin = {"repositoryName": "__repository__", "repositoryLocationName": "pipelines.definitions"}
            assert failed["repositoryOrigin"] == origin

            with run_lock(place.configuration, "the test"):
                launched = ask(RUN_AGAIN, parent=failed["runId"])["launchRunReexecution"]
                run_id = launched["run"]["runId"]
                eventually(lambda: "ResourceInitStartedEvent" in str(ask(BEGUN, run=run_id)))
                again = ask(RUNS)["runsOrError"]["results"][0]
                assert (again["runId"], again["status"]) == (run_id, "STARTED"), "it waits for the lock"
                assert not place.lake.landing("quiz_attempts", LAST_DAY).exists()
            eventually(lambda: ask(RUNS)["runsOrError"]["results"][0]["status"] == "SUCCESS")
            again = ask(RUNS)["runsOrError"]["results"][0]
            assert again["parentRunId"] == failed["runId"]
            assert set(again["stepKeysToExecute"]) == {
                "lake__quiz_attempts",
                "lake__activity",
                "version",
                "warehouse__pulse",
            }
        finally:
            ui.terminate()
            code = ui.wait(timeout=PATIENCE)
        log.seek(0)
        assert (code, "Warning" in log.read()) == (0, False)
    assert place.logical_hash == published.logical_hash
