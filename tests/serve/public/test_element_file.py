"""The file of `<learning-pulse>` as it is served: public, small, the same for everybody, and nothing that runs text.

How the element looks and behaves in a browser is `tests/browser/test_element.py`'s.
"""

import gzip
import json
import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from serve.app import create_app
from serve.public import palette
from serve.public.element import FILE, PATH
from tests.serve.credentials.forgeries import FORGED_TOKENS
from tests.serve.http.asking import LISTED, UNLISTED, client_on
from tests.serve.profile.profile_answers import NAMES
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import SECOND, bearer
from tests.support.repository import ROOT

TEXT = FILE.read_text(encoding="utf-8")
MOST_BYTES = 12_000  # gzipped
EMBED = (ROOT / "docs" / "guide" / "embed.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def client(nights: Path, tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    """The app before the first night: nothing has been published."""
    return client_on(nights, tmp_path_factory.mktemp("element"), None, cors_origins=[LISTED])


def words() -> dict[str, str]:
    """The words of the file with their defaults."""
    (table,) = re.findall(r"WORDS = Object\.freeze\(\{\n(.*?)\n\}\)", TEXT, flags=re.DOTALL)
    return {name: json.loads(text) for name, text in re.findall(r'^  (\w+): (".*?"),', table, flags=re.MULTILINE)}


def test_it_is_served_before_there_is_a_version(client: FlaskClient) -> None:
    response = client.get(PATH)
    assert (response.status_code, response.data) == (200, FILE.read_bytes())
    assert response.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert response.headers["Cache-Control"] == "public, max-age=300"
    assert response.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "X-Data-Version" not in response.headers


@pytest.mark.parametrize("origin", [LISTED, UNLISTED, "null", None])
def test_every_page_may_load_it(client: FlaskClient, origin: str | None) -> None:
    response = client.get(PATH, headers={"Origin": origin} if origin else {})
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in response.headers


def test_whoever_holds_it_is_told_so(client: FlaskClient) -> None:
    tag = client.get(PATH).headers["ETag"]
    again = client.get(PATH, headers={"If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == tag
    assert again.headers["Cache-Control"] == "public, max-age=300"
    assert again.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert client.get(PATH, headers={"If-None-Match": 'W/"another"'}).status_code == 200


def test_head_has_the_headers_of_get(client: FlaskClient) -> None:
    got, head = client.get(PATH), client.head(PATH)
    own = {"X-Request-Id", "Date"}
    assert {k: v for k, v in head.headers if k not in own} == {k: v for k, v in got.headers if k not in own}
    assert (head.status_code, head.data) == (200, b"")


@pytest.mark.parametrize("header", [*FORGED_TOKENS.values(), small_platform.token()])
def test_no_credential_changes_anything(client: FlaskClient, header: str) -> None:
    response = client.get(PATH, headers={"Authorization": f"Bearer {header}", "X-API-Key": "xntr-none"})
    assert (response.status_code, response.data) == (200, FILE.read_bytes())
    assert response.headers["ETag"] == client.get(PATH).headers["ETag"]


def test_it_is_never_one_too_many_and_is_counted_under_its_path(nights: Path, tmp_path: Path) -> None:
    """A worker keeps it, and what is kept is not limited; else one school behind one address would run out of it."""
    configuration = small_platform.copied(nights, tmp_path, SECOND)
    app = create_app(small_platform.configure(configuration, rate_limit_public="2/day", rate_limit="2/day"))
    client = app.test_client()
    assert [client.get(PATH, environ_base={"REMOTE_ADDR": "8.8.8.8"}).status_code for _ in range(5)] == [200] * 5
    counted = f'pulse_requests_total{{route="{PATH}",status="200"}} 5.0'
    assert counted in app.extensions["metrics"].text().decode()


def test_other_methods_and_other_spellings_are_none(client: FlaskClient) -> None:
    assert client.post(PATH).status_code == 405
    for path in ("/embed", "/embed/", "/embed//learning-pulse.js", "/embed/learning%2Dpulse.js", "/embed/../app.py"):
        assert client.get(path).status_code == 404


def test_it_is_below_12_kilobytes_on_the_way(client: FlaskClient) -> None:
    packed = client.get(PATH, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == FILE.read_bytes()
    assert len(packed.data) < MOST_BYTES
    assert len(client.get(PATH, headers={"Accept-Encoding": "br"}).data) < MOST_BYTES


def test_it_asks_for_nothing_but_routes_of_ours(nights: Path, tmp_path: Path) -> None:
    (routes,) = re.findall(r"^const ROUTES = (\[.*\]);$", TEXT, flags=re.MULTILINE)
    asked = json.loads(routes)
    assert asked[0] == "learning-pulse"
    assert set(asked[1:]) < set(NAMES)
    client = create_app(small_platform.copied(nights, tmp_path, SECOND)).test_client()
    assert [client.get(f"/api/xp/{route}", headers=bearer()).status_code for route in asked] == [200] * 3
    assert re.findall(r"https?://|import\b", TEXT) == []


def test_nothing_in_it_makes_markup_code_or_style_of_a_text() -> None:
    ways = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|setHTML|DOMParser|createContextualFragment|\beval\b"
    ways += r"|Function\(|setTimeout\([^(]|\.style\b|[{ ]style: (?!.unit)|\"style\"|javascript:|srcdoc"
    assert re.findall(ways, TEXT) == []


def test_its_colours_are_those_of_the_public_page() -> None:
    colours = dict(re.findall(r"--learning-pulse-(\w+),light-dark\((#\w{6},#\w{6})\)", TEXT))
    assert colours == {name: f"{palette.LIGHT[name]},{palette.DARK[name]}" for name in palette.LIGHT if name != "page"}


def test_every_word_is_documented_with_its_default() -> None:
    assert len(words()) > 30
    assert [name for name, text in words().items() if f"| `{name}` | {text} |" not in EMBED] == []


def test_every_property_and_part_is_documented_and_no_other() -> None:
    properties = set(re.findall(r"--learning-pulse-\w+", TEXT))
    assert properties == set(re.findall(r"--learning-pulse-\w+", EMBED))
    parts = {name for text in re.findall(r'\bpart: "([\w-]+)"', TEXT) for name in text.split()}
    (named,) = re.findall(r"^\*\*Parts\*\*.*?\n\n", EMBED, flags=re.MULTILINE | re.DOTALL)
    assert parts == set(re.findall(r"`([\w-]+)`", named)) - {"part"}
