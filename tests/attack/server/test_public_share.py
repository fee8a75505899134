"""Public pages and pictures, which anybody may ask for, keep no own answer waiting (FAULTS 78)."""

import asyncio
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, template_rendered
from werkzeug.test import TestResponse

from serve.app import create_app
from serve.http.gateway import Gateway
from serve.public.public import PATHS
from tests.support.platforms import public_platform
from warehouse.configuration.configuration import Configuration, load

OPS_TOKEN = "an-ops-token-of-these-tests"
FOR_OPS = {"Authorization": f"Bearer {OPS_TOKEN}"}
CLIENT, OTHER, PROXY = "8.8.4.4", "1.1.1.1", "9.9.9.9"  # addresses of examples are private ones
PROFILE = "/api/xp/public-profile/ada"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Configuration:
    configuration = public_platform.make(tmp_path_factory.mktemp("public") / "platform", 30)
    public_platform.publish(configuration)
    return configuration


@pytest.fixture
def own(published: Configuration, tmp_path: Path) -> Configuration:
    folder = tmp_path / "platform"
    shutil.copytree(published.path.parent, folder, symlinks=True)
    path = folder / "pulse.toml"
    path.write_text(path.read_text().replace(str(published.path.parent), str(folder)))
    return load(path, uses=["sources", "auth", "serve"])


def app_of(configuration: Configuration, **serve: Any) -> Flask:
    changed = configuration.serve.model_copy(update={"ops_token": OPS_TOKEN, "rate_limit_public": "", **serve})
    return create_app(configuration.model_copy(update={"serve": changed}))


def ask(app: Flask, path: str, by: str = CLIENT, **headers: str) -> TestResponse:
    return app.test_client().get(path, headers=headers, environ_base={"REMOTE_ADDR": by})


@pytest.fixture
def rendered(published: Configuration) -> Iterator[tuple[Flask, list[str]]]:
    """An app, and the names of the templates that it has rendered since."""
    app, names = app_of(published), []

    def note(_: Flask, template: Any, **__: object) -> None:
        names.append(template.name)

    with template_rendered.connected_to(note, app):
        yield app, names


def test_unknown_parameters_and_values_share_one_answer(rendered: tuple[Flask, list[str]]) -> None:
    """FAULTS 78: 64 connections with distinct `?theme=` took 297 ms from everybody."""
    app, names = rendered
    answers = [ask(app, f"{PROFILE}/pulse.svg{query}") for query in ("", *(f"?theme={n}" for n in range(20)), "?x=1")]
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.data for answer in answers}) == 1
    assert names == ["heatmap.svg"]
    assert ask(app, f"{PROFILE}/pulse.svg?theme=dark").data != answers[0].data
    assert ask(app, f"{PROFILE}/pulse.svg?theme=light").data != answers[0].data
    assert names == ["heatmap.svg"] * 3


@pytest.mark.parametrize("path", [PROFILE, f"{PROFILE}/pulse.svg", f"{PROFILE}/pulse.svg?theme=dark", "/profile/ada"])
def test_a_kept_answer_is_the_answer_that_was_made(published: Configuration, path: str) -> None:
    app = app_of(published)
    made, kept = ask(app, path), ask(app, path)
    assert made.data == kept.data
    once = [[line for line in answer.headers if line[0] != "X-Request-Id"] for answer in (made, kept)]
    assert sorted(once[0]) == sorted(once[1])


def test_an_answer_is_kept_only_as_long_as_its_name_is_public_and_of_its_version(own: Configuration) -> None:
    """Nobody is shown because somebody had asked before."""
    app = app_of(own)
    assert [ask(app, path).status_code for path in (PROFILE, f"{PROFILE}/pulse.svg", "/profile/ada")] == [200] * 3
    public_platform.change(own, f"update users set is_public = 0 where id = '{public_platform.ADA}'")
    public_platform.land(own)
    assert [ask(app, path).status_code for path in (PROFILE, f"{PROFILE}/pulse.svg", "/profile/ada")] == [404] * 3
    public_platform.change(own, f"update users set is_public = 1 where id = '{public_platform.ADA}'")
    version = public_platform.publish(own)
    assert ask(app, PROFILE).headers["X-Data-Version"] == version


def test_answers_that_have_to_be_made_or_looked_up_are_limited_per_address(published: Configuration) -> None:
    """FAULTS 78: unknown names count, and what is kept does not."""
    app = app_of(published, rate_limit_public="3/minute")
    assert [ask(app, PROFILE).status_code for _ in range(10)] == [200] * 10
    assert [ask(app, f"/profile/nobody-{number}").status_code for number in range(3)] == [404, 404, 429]
    assert int(ask(app, "/profile/nobody").headers["Retry-After"]) > 0
    assert ask(app, PROFILE).status_code == 200
    assert ask(app, "/profile/nobody", by=OTHER).status_code == 404
    assert warnings(app) == []


def test_an_address_of_ipv6_is_limited_by_its_network(published: Configuration) -> None:
    app = app_of(published, rate_limit_public="1/minute")
    found = [ask(app, "/profile/nobody", by=f"2a00:1450:4001:82{n}::{n}").status_code for n in (1, 1, 2)]
    assert found == [404, 429, 404]


@pytest.mark.parametrize(
    ("peer", "headers"),
    [
        ("127.0.0.1", {}),
        ("10.0.0.1", {}),
        ("::1", {}),
        ("fd00::7", {}),
        ("100.64.0.1", {}),
        (CLIENT, {"X-Forwarded-For": OTHER}),
    ],
)
def test_by_way_of_a_proxy_that_nobody_named_there_is_no_limit_but_a_warning(
    published: Configuration, peer: str, headers: dict[str, str]
) -> None:
    """FAULTS 78: else one limit would be everybody's."""
    app = app_of(published, rate_limit_public="1/minute")
    assert [ask(app, "/profile/nobody", by=peer, **headers).status_code for _ in range(3)] == [404] * 3
    assert warnings(app) == ["public_limit_off"]


def test_behind_a_trusted_proxy_its_clients_are_limited(published: Configuration) -> None:
    app = app_of(published, rate_limit_public="1/minute", trusted_proxies=[PROXY, "127.0.0.1"])
    found = [
        ask(app, "/profile/nobody", by=peer, **{"X-Forwarded-For": client}).status_code
        for peer, client in [(PROXY, CLIENT), (PROXY, CLIENT), (PROXY, OTHER), ("127.0.0.1", OTHER)]
    ]
    assert found == [404, 429, 404, 429]
    assert warnings(app) == []


def warnings(app: Flask) -> list[str]:
    found: list[str] = app.test_client().get("/health/detailed", headers=FOR_OPS).get_json()["warnings"]
    return [warning for warning in found if warning != "stale"]


def test_public_answers_that_take_for_ever_leave_threads_for_others() -> None:
    """FAULTS 78: their own share of threads holds always."""
    release = threading.Event()

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        if environ["PATH_INFO"] != "/own":
            release.wait(20)
        start_response("200 OK", [])
        return [environ["PATH_INFO"].encode()]

    gateway = Gateway(application, 1, PATHS, 1)

    async def asked(path: str) -> bytes:
        sent: list[dict[str, Any]] = []

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "GET", "raw_path": path.encode(), "query_string": b"", "http_version": "1.1"}
        await gateway({**scope, "scheme": "http", "headers": [], "client": None, "server": None}, None, send)
        return bytes(sent[1]["body"])

    async def together() -> None:
        waiting = [asyncio.create_task(asked(path.decode() + "x")) for path in PATHS * 20]
        await asyncio.sleep(0)
        assert await asyncio.wait_for(asked("/own"), 10) == b"/own"
        assert not any(task.done() for task in waiting)
        release.set()
        await asyncio.gather(*waiting)

    asyncio.run(together())
