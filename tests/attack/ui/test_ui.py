"""FAULTS 69: a running `pulse ui` under attack: by raw requests, and by a page of another origin in a real browser.

The UI is started once. What a page of another site tries is what was found to work before there was a guard: it stopped
schedules, deleted runs and launched jobs. The browser tests need Chromium, as those of the profile page do.
"""

import http.server
import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from dagster_webserver.webserver import DagsterWebserver
from playwright.sync_api import Browser, sync_playwright
from starlette.routing import Route

from pipelines.demo.platform import demo_configuration, make_platform
from pipelines.instance.ui_guard import NO_PAGES
from tests.support.repository import ROOT
from tests.support.running.chromium import ARGUMENTS, CHROMIUM, missing

pytestmark = pytest.mark.slow
LAST_DAY = date(2026, 1, 20)
PATIENCE = 120  # seconds; on a quiet machine the UI is there in ten
STATE = """{ schedulesOrError(repositorySelector: {repositoryName: "__repository__",
  repositoryLocationName: "pipelines.definitions"}) { ... on Schedules { results { name id scheduleState {
  selectorId status } } } } }"""
STOP = 'mutation { stopRunningSchedule(id: "%s") { __typename } }'
STOP_BY_GET = "/graphql?query=" + quote('mutation{stopRunningSchedule(id:"ID"){__typename}}')
JSON = {"Content-Type": "application/json"}


class Ui:
    """A running UI.

    Args:
        port: on which it listens.
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    def ask(self, path: str, headers: Mapping[str, str], body: str | None = None) -> tuple[int, str]:
        """Return status and body of the answer."""
        data = None if body is None else body.encode()
        request = urllib.request.Request(self.url + path, data, dict(headers))  # noqa: S310 - our own, on this machine
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - as above
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def graphql(self, query: str, headers: Mapping[str, str] = JSON) -> tuple[int, str]:
        return self.ask("/graphql", headers, json.dumps({"query": query}))

    def schedules(self) -> dict[str, tuple[str, str]]:
        """Return id and state of each schedule, by name."""
        _, text = self.graphql(STATE)
        found = json.loads(text)["data"]["schedulesOrError"]["results"]
        return {one["name"]: (one["id"], one["scheduleState"]["status"]) for one in found}


@pytest.fixture(scope="module")
def ui(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ui]:
    folder = tmp_path_factory.mktemp("ui")
    platform = folder / "platform.sqlite"
    make_platform(platform, users=3, days=3, last_day=LAST_DAY)
    text = demo_configuration("var", f"sqlite:///{platform}", LAST_DAY, "a secret of these tests, of 32 bytes")
    (folder / "pulse.toml").write_text(text, encoding="utf-8")
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        running = Ui(free.getsockname()[1])
    words = ["-m", "pipelines.command_line.cli", "ui", "--port", str(running.port), "--config", "pulse.toml"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with (
        (folder / "ui.log").open("w") as log,
        subprocess.Popen([sys.executable, *words], env=environment, stdout=log, stderr=log, cwd=folder) as process,
    ):
        try:
            _wait_for(running)
            yield running
        finally:
            process.terminate()
            process.wait(timeout=PATIENCE)


def _wait_for(running: Ui) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with suppress(OSError, KeyError, TypeError):
            if running.schedules():
                return
        time.sleep(0.2)
    pytest.fail("the UI did not come up")


def test_what_stopped_a_schedule_by_a_request_does_so_no_more(ui: Ui) -> None:
    """FAULTS 69: every way in which the request came, before it was refused; the page's own way still works."""
    for name, (schedule, _) in ui.schedules().items():
        foreign = {"Origin": "http://evil.example"}
        ui.ask(STOP_BY_GET.replace("ID", schedule), {})
        ui.ask(STOP_BY_GET.replace("ID", schedule), {"Accept": "application/json", **foreign})
        ui.ask(STOP_BY_GET.replace("ID", schedule), {"Content-Type": "text/plain"}, "")
        ui.ask("/graphql", {"Content-Type": "application/graphql"}, STOP % schedule)
        ui.graphql(STOP % schedule, {**JSON, **foreign})
        ui.graphql(STOP % schedule, {**JSON, "Host": "evil.example"})
        ui.graphql(STOP % schedule, {**JSON, "Sec-Fetch-Site": "cross-site"})
        ui.graphql(STOP % schedule, {"Content-Type": "text/plain;application/json"})
        assert ui.schedules()[name] == (schedule, "RUNNING"), name
    schedule, _ = ui.schedules()["every_week"]
    own = {**JSON, "Origin": ui.url, "Sec-Fetch-Site": "same-origin"}
    assert ui.graphql(STOP % schedule, own)[0] == 200
    assert ui.schedules()["every_week"] == (schedule, "STOPPED"), "so the requests above would have stopped it"


LAUNCH = """mutation($config: RunConfigData!) { launchRun(executionParams: {
    selector: {repositoryName: "__repository__", repositoryLocationName: "pipelines.definitions", jobName: "reconcile"},
    runConfigData: $config}) { __typename ... on LaunchRunSuccess { run { runId } }
    ... on RunConfigValidationInvalid { errors { message } } } }"""
RUN = """query($run: ID!) { runOrError(runId: $run) { ... on Run { status } }
    logsForRun(runId: $run) { ... on EventConnection { events {
    ... on RunFailureEvent { error { message causes { message } } } } } } }"""


def launched(ui: Ui, config: Mapping[str, object]) -> dict[str, Any]:
    variables = {"config": {"resources": {"night": {"config": config}}}}
    _, text = ui.ask("/graphql", JSON, json.dumps({"query": LAUNCH, "variables": variables}))
    found: dict[str, Any] = json.loads(text)["data"]["launchRun"]
    return found


def ended(ui: Ui, run: str) -> tuple[str, str]:
    """Return how a run ended, and everything that it said of a failure."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        text = ui.ask("/graphql", JSON, json.dumps({"query": RUN, "variables": {"run": run}}))[1]
        status = json.loads(text)["data"]["runOrError"]["status"]
        if status in {"SUCCESS", "FAILURE", "CANCELED"}:
            return status, text
        time.sleep(0.5)
    pytest.fail(f"run {run} does not end")


def test_the_launchpad_names_no_other_configuration_and_lets_no_guard_through(ui: Ui) -> None:
    """FAULTS 69: such a run was launched by a page, and published from a source that had lost half of its rows."""
    refused = launched(ui, {"config_file": "../../pulse.toml", "accept_shrink": True})
    assert refused["__typename"] == "RunConfigValidationInvalid"
    assert "config_file" in refused["errors"][0]["message"]
    status, said = ended(ui, launched(ui, {"accept_shrink": True})["run"]["runId"])
    assert status == "FAILURE"
    assert "run `pulse reconcile --accept-shrink`" in said
    assert ended(ui, launched(ui, {})["run"]["runId"])[0] == "SUCCESS"


def test_no_other_port_answers(ui: Ui) -> None:
    """Whoever goes around the guard would need a port; webserver, daemon and code server have this one and no other."""
    listening = {
        (int(line.split()[1].partition(":")[2], 16), line.split()[9])
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text(encoding="ascii").splitlines()[1:]
        if line.split()[3] == "0A"
    }
    inodes = {inode: port for port, inode in listening}
    found = {inodes[inode] for pid in _family(_parent_of(ui.port)) for inode in _sockets(pid) if inode in inodes}
    assert found == {ui.port}


def _parent_of(port: int) -> int:
    """The process that `pulse ui` became."""
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            words = place.read_bytes().decode(errors="replace").split("\0")
            if "pipelines.instance.ui" in words and str(port) in words:
                return int(place.parent.name)
    raise AssertionError("no such process")


def _family(pid: int) -> list[int]:
    """A process and all that it started."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return [pid, *(one for child in children for one in _family(int(child)))]


def _sockets(pid: int) -> set[str]:
    found = set()
    for place in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            found.add(place.readlink().name.removeprefix("socket:[").removesuffix("]"))
    return found


def test_every_route_of_the_webserver_that_gives_data_is_known() -> None:
    """A Dagster with another route of data has to be looked at: links to it would be let through."""
    webserver: Any = DagsterWebserver.__new__(DagsterWebserver)
    webserver._app_path_prefix = ""  # noqa: SLF001 - without a workspace there is no other way to its routes
    routes = [route for route in webserver.build_routes() if isinstance(route, Route) and route.name != "root_static"]
    assert {route.path.partition("/{")[0] for route in routes} - {"", "/", "/graphql"} == set(NO_PAGES)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        missing("no Chromium here; on Debian: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def evil() -> Iterator[str]:
    """The URL of an empty page on another port, which to a browser is the same site but another origin."""

    class Empty(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>prize</title><link rel=icon href=data:,>")

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Empty)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://localhost:{server.server_port}/"
    server.shutdown()
    server.server_close()


ATTACK = """async ([ui, byGet, mutation]) => {
  const said = {};
  const json = JSON.stringify({query: mutation});
  const tries = {
    get: [byGet, {mode: "no-cors"}],
    plain: ["/graphql", {method: "POST", mode: "no-cors", body: json, headers: {"Content-Type": "text/plain"}}],
    query: [byGet, {method: "POST", mode: "no-cors"}],
    blob: ["/graphql", {method: "POST", mode: "no-cors", body: new Blob([json])}],
    json: ["/graphql", {method: "POST", body: json, headers: {"Content-Type": "application/json"}}],
    read: ["/server_info", {}],
  };
  for (const [name, [path, options]] of Object.entries(tries)) {
    said[name] = await fetch(ui + path, options).then((answer) => answer.type, () => "refused");
  }
  said.image = await new Promise((done) => {
    const image = new Image();
    image.onload = () => done("shown"); image.onerror = () => done("refused");
    image.src = ui + byGet;
  });
  said.script = await new Promise((done) => {
    const script = document.createElement("script");
    script.onload = () => done("run"); script.onerror = () => done("refused");
    script.src = ui + "/graphql";
    document.head.append(script);
  });
  said.socket = await new Promise((done) => {
    const socket = new WebSocket(ui.replace("http", "ws") + "/graphql", "graphql-ws");
    socket.onopen = () => done("open"); socket.onerror = () => done("refused");
  });
  return said;
}"""


def test_a_page_of_another_origin_in_a_real_browser_changes_and_reads_nothing(
    ui: Ui, browser: Browser, evil: str
) -> None:
    """FAULTS 69: by image, script, form, socket and whatever `fetch` sends without asking first."""
    schedule, state = ui.schedules()["every_night"]
    assert state == "RUNNING"
    page = browser.new_page()
    page.goto(evil)
    by_get = STOP_BY_GET.replace("ID", schedule)
    said = page.evaluate(ATTACK, [ui.url, by_get, STOP % schedule])
    assert {name: said[name] for name in ("json", "read", "image", "script", "socket")} == dict.fromkeys(
        ("json", "read", "image", "script", "socket"), "refused"
    )
    page.evaluate(
        """([ui, path]) => { document.body.innerHTML =
        `<form method=post enctype=text/plain action="${ui + path}"><input name=a></form>`;
        document.forms[0].submit(); }""",
        [ui.url, by_get],
    )
    page.wait_for_url(f"{ui.url}/**")
    assert "may not ask this" in page.inner_text("body")
    page.close()
    assert ui.schedules()["every_night"] == (schedule, "RUNNING")


def test_the_ui_cannot_be_framed_and_a_link_to_it_opens(ui: Ui, browser: Browser, evil: str) -> None:
    page = browser.new_page()
    page.goto(evil)
    page.set_content(f'<iframe src="{ui.url}/runs"></iframe><a href="{ui.url}/runs">runs</a>')
    page.wait_for_load_state("networkidle")
    assert page.frames[1].url == "chrome-error://chromewebdata/"
    page.click("a")
    page.wait_for_url(f"{ui.url}/runs**")
    page.close()


def test_the_uis_own_pages_are_refused_nothing(ui: Ui, browser: Browser) -> None:
    """Lineage, an asset, runs, automation: with their queries and their websocket."""
    page = browser.new_page()
    refused: list[str] = []
    sockets: list[str] = []
    page.on("response", lambda answer: refused.append(answer.url) if answer.status >= 400 else None)
    page.on("websocket", lambda socket: sockets.append(socket.url))
    for path in ("/asset-groups", "/assets/lake/xp_events", "/runs", "/automation", "/locations"):
        page.goto(ui.url + path)
        page.wait_for_load_state("networkidle")
    assert page.get_by_text("pipelines.definitions").count() > 0
    page.close()
    assert (refused, [url for url in sockets if not url.endswith("/graphql")]) == ([], [])
