"""A running `pulse ui` of a small platform, asked over GraphQL as its own pages ask it.

A run can be held at a point of its way (`hold_at`), so that what is done to it is done there and nowhere else.
"""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from pipelines.demo.platform import demo_configuration, make_platform
from tests.support.repository import ROOT
from warehouse.configuration.configuration import Configuration, load
from warehouse.lake.days import DAY, days_between
from warehouse.lake.lake import Lake
from warehouse.versions.versions import Warehouse

PATIENCE = 240  # seconds; on a quiet machine nothing takes more than a minute
DAYS = 12
ENDED = {"SUCCESS", "FAILURE", "CANCELED"}
IN_REPOSITORY = {"repositoryName": "__repository__", "repositoryLocationName": "pipelines.definitions"}

LAUNCH = """mutation($params: ExecutionParams!) { launchPipelineExecution(executionParams: $params) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message }
    ... on InvalidSubsetError { message }
    ... on RunConfigValidationInvalid { errors { message } }
} }"""
BACKFILL = """mutation($params: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $params) {
    __typename
    ... on LaunchBackfillSuccess { backfillId }
    ... on PythonError { message }
} }"""
TERMINATE = """mutation($run: String!) { terminateRun(runId: $run, terminatePolicy: SAFE_TERMINATE) {
    __typename ... on TerminateRunFailure { message } ... on PythonError { message }
} }"""
RUN = """query($run: ID!) { runOrError(runId: $run) { ... on Run {
    status tags { key value } stepStats { stepKey status }
} } }"""
EVENTS = """query($run: ID!) { logsForRun(runId: $run) { ... on EventConnection { events {
    __typename
    ... on MessageEvent { message stepKey }
    ... on ExecutionStepFailureEvent { failureMetadata { description } error { className message } }
    ... on MaterializationEvent { partition assetKey { path } }
} } } }"""
BACKFILL_STATUS = """query($id: String!) { partitionBackfillOrError(backfillId: $id) {
    ... on PartitionBackfill { status error { message } }
} }"""
RUNS_OF_BACKFILL = """query($id: String!) {
    runsOrError(filter: {tags: [{key: "dagster/backfill", value: $id}]}) { ... on Runs { results {
        runId status assetSelection { path } tags { key value }
    } } }
}"""
LOCATION = """{ workspaceOrError { ... on Workspace { locationEntries { locationOrLoadError {
    __typename ... on PythonError { message }
} } } } }"""
HEALTH = """query($keys: [AssetKeyInput!]) { assetNodes(assetKeys: $keys) {
    assetKey { path }
    partitionStats { numMaterialized numFailed numPartitions }
    assetMaterializations(limit: 1) { runId }
} }"""

# Loaded by every Python that is started: the point at which a run waits stands in a file, and so does that it is there.
HOLDING = """
import os, pathlib, time
import warehouse.crash_points as points

FOLDER = pathlib.Path(os.environ["HOLD_IN"])
went_on = points.reached

def reached(name):
    wanted = FOLDER / "at"
    if wanted.exists() and wanted.read_text() == name:
        (FOLDER / "there").touch()
        while wanted.exists():
            time.sleep(0.05)
    went_on(name)

points.reached = reached
"""


@dataclass(frozen=True)
class Ui:
    """A running UI.

    Args:
        folder: of the platform and its configuration.
        port: where it answers.
    """

    folder: Path
    port: int

    @property
    def configuration(self) -> Configuration:
        return load(self.folder / "pulse.toml", ["sources"])

    @property
    def lake(self) -> Lake:
        return Lake.of(self.configuration)

    @property
    def warehouse(self) -> Warehouse:
        return Warehouse.of(self.configuration)

    def ask(self, query: str, **variables: object) -> Any:
        """Return the data of the answer; a page that is not there yet is a `ConnectionError`."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/graphql", body, headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - our own, on this machine
                found = json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read().decode()) from error
        except urllib.error.URLError as error:
            raise ConnectionError from error
        assert "errors" not in found, found
        return found["data"]

    def launch(
        self,
        *assets: str,
        job: str = "__ASSET_JOB",
        tags: Mapping[str, str] = {},
        config: Mapping[str, object] = {},
    ) -> str:
        """Launch a run as the button Materialize does, or the launchpad of a job, and return its id."""
        selector: dict[str, object] = {**IN_REPOSITORY, "pipelineName": job}
        if assets:
            selector["assetSelection"] = paths(assets)
        told = [{"key": key, "value": value} for key, value in tags.items()]
        params = {"selector": selector, "runConfigData": config, "mode": "default", "executionMetadata": {"tags": told}}
        answer = self.ask(LAUNCH, params=params)["launchPipelineExecution"]
        assert answer["__typename"] == "LaunchRunSuccess", answer
        return str(answer["run"]["runId"])

    def ended(self, run: str) -> str:
        """Wait for the end of a run and return its status."""
        eventually(lambda: self.status(run) in ENDED)
        return self.status(run)

    def status(self, run: str) -> str:
        return str(self.ask(RUN, run=run)["runOrError"]["status"])

    def tags(self, run: str) -> dict[str, str]:
        return {tag["key"]: tag["value"] for tag in self.ask(RUN, run=run)["runOrError"]["tags"]}

    def steps(self, run: str) -> dict[str, str]:
        """Return the status of every step that has begun or was skipped."""
        return {step["stepKey"]: step["status"] for step in self.ask(RUN, run=run)["runOrError"]["stepStats"]}

    def events(self, run: str) -> list[dict[str, Any]]:
        return list(self.ask(EVENTS, run=run)["logsForRun"]["events"])

    def days_materialized(self, run: str, asset: str) -> set[str]:
        """Return the partitions of an asset that a run has materialized."""
        found = [event for event in self.events(run) if event["__typename"] == "MaterializationEvent"]
        return {event["partition"] for event in found if event["assetKey"]["path"] == asset.split("/")}

    def failure(self, run: str) -> str:
        """Return what the only failed step of a run says."""
        (said,) = (event for event in self.events(run) if event["__typename"] == "ExecutionStepFailureEvent")
        return str((said["failureMetadata"] or {}).get("description") or said["error"]["message"])

    def backfill(self, assets: Sequence[str], days: Sequence[str] | None = None) -> str:
        """Launch a backfill as the lineage page does and return its id; of all days if none are named."""
        named = {"allPartitions": True} if days is None else {"partitionNames": list(days)}
        params = {"assetSelection": paths(assets), **named}
        answer = self.ask(BACKFILL, params=params)["launchPartitionBackfill"]
        assert answer["__typename"] == "LaunchBackfillSuccess", answer
        return str(answer["backfillId"])

    def backfill_ended(self, backfill: str) -> str:
        """Wait for the end of a backfill and return its status."""

        def status() -> Any:
            return self.ask(BACKFILL_STATUS, id=backfill)["partitionBackfillOrError"]

        going = {"REQUESTED", "CANCELING", "COMPLETING"}
        eventually(lambda: status()["status"] not in going)
        return str(status()["status"])

    def runs_of(self, backfill: str) -> list[dict[str, Any]]:
        """Return the runs of a backfill, the first one first."""
        return list(reversed(self.ask(RUNS_OF_BACKFILL, id=backfill)["runsOrError"]["results"]))

    def terminate(self, run: str) -> None:
        """Press Terminate."""
        answer = self.ask(TERMINATE, run=run)["terminateRun"]
        assert answer["__typename"] == "TerminateRunSuccess", answer

    def health(self, *assets: str) -> dict[str, dict[str, Any]]:
        """Return what the UI shows of assets: partitions materialized, and whether there is any materialization."""
        nodes = self.ask(HEALTH, keys=paths(assets))["assetNodes"]
        return {"/".join(node["assetKey"]["path"]): node for node in nodes}

    @contextmanager
    def hold_at(self, point: str) -> Iterator[Callable[[], None]]:
        """Hold the next run that reaches a crash point there; the block gets a function that waits until one does."""
        at, there = self.folder / "at", self.folder / "there"
        there.unlink(missing_ok=True)
        at.write_text(point)
        try:
            yield lambda: eventually(there.exists)
        finally:
            at.unlink()


def paths(assets: Collection[str]) -> list[dict[str, list[str]]]:
    return [{"path": asset.split("/")} for asset in assets]


def eventually(ask: Callable[[], Any], patience: float = PATIENCE) -> Any:
    """Ask until the answer is true, as long as our patience lasts."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        with suppress(ConnectionError, TimeoutError):
            if answer := ask():
                return answer
        time.sleep(0.3)
    raise AssertionError(f"still {ask()!r} after {patience} seconds")


def yesterday() -> date:
    return datetime.now(UTC).date() - DAY


def make(folder: Path) -> list[date]:
    """Make a platform whose last day is yesterday, with its configuration; nothing has landed. Returns its days."""
    last = yesterday()
    made = make_platform(folder / "platform.sqlite", users=5, days=DAYS, last_day=last)
    text = demo_configuration("var", "sqlite:///platform.sqlite", made.first_day, "not used here, but over 32 bytes")
    (folder / "pulse.toml").write_text(text)
    return days_between(made.first_day, last)


def command(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command of `pulse` there, to its end."""
    asked = [sys.executable, "-m", "pipelines.command_line.cli", *words, "--config", "pulse.toml"]
    return subprocess.run(asked, cwd=folder, env=environment(folder), capture_output=True, text=True, check=False)


def environment(folder: Path) -> dict[str, str]:
    """Return what a process of ours is started with: it finds our code, and `hold_at` works in it."""
    (folder / "sitecustomize.py").write_text(HOLDING)
    return {**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}", "HOLD_IN": str(folder)}


@contextmanager
def running(folder: Path) -> Iterator[Ui]:
    """Run `pulse ui` on a free port until the end of the block; all that it has started ends with it."""
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    ui = Ui(folder, port)
    words = [sys.executable, "-m", "pipelines.command_line.cli", "ui", "--port", str(port), "--config", "pulse.toml"]
    with (
        (folder / "ui.log").open("w") as log,
        subprocess.Popen(words, env=environment(folder), stdout=log, stderr=log, cwd=folder) as process,
    ):
        try:
            eventually(lambda: "RepositoryLocation" in str(ui.ask(LOCATION)))
            yield ui
        finally:
            process.terminate()
            process.wait(timeout=PATIENCE)
