"""The page that `pulse demo` shows beside the API: of another origin, with a strict policy, and only in the demo.

How the element on it looks is `tests/browser/`'s.
"""

import http.client
import json
import re
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pipelines.command_line.options import LOCALHOST
from pipelines.demo.page import DemoPage
from tests.support.repository import ROOT
from tests.support.running.command_place import Place
from tests.support.running.running_server import free_port, wait_until

API = "http://127.0.0.1:8000"
HOSTILE = "<script>alert('1')</script>"


@pytest.fixture
def page() -> Iterator[DemoPage]:
    page = DemoPage(LOCALHOST)
    yield page
    page.close()


def get(origin: str, path: str = "/", **headers: str) -> tuple[int, dict[str, str], str]:
    with closing(http.client.HTTPConnection(origin.removeprefix("http://"), timeout=60)) as connection:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        named = {name.lower(): value for name, value in response.getheaders()}
        return response.status, named, response.read().decode()


def test_the_page_may_run_the_element_and_ask_the_api_and_nothing_else(page: DemoPage) -> None:
    page.show(API, "ada", "the.token")
    status, headers, text = get(page.origin)
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert status == 200
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == policy["frame-ancestors"] == "'none'"
    assert policy["connect-src"] == API
    assert re.fullmatch(rf"{API} 'sha256-[\w+/=]+'", policy["script-src"])
    assert re.fullmatch(r"'sha256-[\w+/=]+'", policy["style-src"])
    assert headers["cache-control"] == "no-store"
    assert f'src="{API}/embed/learning-pulse.js"' in text
    assert 'token = "the.token"' in text


def test_a_name_is_text_and_there_is_no_other_page(page: DemoPage) -> None:
    page.show(API, HOSTILE, "the.token")
    _, _, text = get(page.origin)
    assert HOSTILE not in text
    assert "&lt;script&gt;alert(" in text
    for path in ("/page.py", "/../pulse.toml", "/?", "/index.html"):
        status, _, body = get(page.origin, path)
        assert (status, body) == (404, "")


def test_no_server_knows_of_the_page() -> None:
    """It is in the room of the pipelines, which the server does not import."""
    server = [file.read_text(encoding="utf-8") for file in (ROOT / "serve").rglob("*") if file.suffix in {".py", ".js"}]
    assert [text for text in server if "demo" in text.lower()] == []


@pytest.mark.slow
def test_the_demo_prints_the_address_of_a_page_that_may_read_the_api(tmp_path: Path) -> None:
    port = free_port()
    with Place(tmp_path).start("demo", "--users", 2, "--days", 3, "--port", port) as process:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")
        (origin,) = re.findall(r"http://127\.0\.0\.1:\d+(?=/)", next(line for line in lines if "own page:" in line))
        try:
            status, _, text = get(origin)
            assert status == 200
            (token,) = re.findall(r'token = "(.*?)"', text)
            asked = {"Origin": origin, "Authorization": f"Bearer {token}"}
            api = f"http://127.0.0.1:{port}"
            wait_for(api)
            status, headers, body = get(api, "/api/xp/streak-status", **asked)
            assert (status, headers["access-control-allow-origin"]) == (200, origin)
            assert json.loads(body).keys() >= {"current_streak", "longest_streak"}
            assert get(api, "/embed/learning-pulse.js")[0] == 200
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)


def wait_for(api: str) -> None:
    def answers() -> bool:
        try:
            return get(api, "/health")[0] == 200
        except OSError:
            return False

    wait_until(answers)
