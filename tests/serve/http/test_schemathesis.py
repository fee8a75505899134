"""Schemathesis asks the running server whatever its description allows and forbids, and checks every answer.

One credential per run, each for the operations that it is good for. How many examples an operation gets at least is a
matter of Hypothesis's profile: `local`, `ci`, or `thorough` with 500, and without look-up files few. What was answered
is read from the server's own access log.
"""

import hashlib
import json
import os
import re
import sqlite3
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import duckdb
import pytest
from hypothesis import settings

from serve.http.openapi import document
from tests.serve.own_locations import OWN
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import ANA, SECOND
from tests.support.repository import LOOKUP, ROOT
from tests.support.running.running_server import HOST, Running, serving
from warehouse.lake.lake import Lake

EXAMPLES = {"local": 8, "ci": 100, "thorough": 500}
FEW = 20
SECONDS = 3600
OPS_TOKEN = "the-token-of-those-who-look-after-it"
API_KEY = "xntr-the-key-of-a-test"
OF_OPS = ["/health/detailed", "/metrics"]
# A date or a year that OpenAPI allows may be one that there is nothing of, which is 400; all else is accepted.
OF_DATES = ["/api/xp/learning-pulse", "/api/xp/learning-pulse/{day}", "/api/xp/learning-time"]
CONFIGURATION = f"""
[[operations]]
include-path = {json.dumps(OF_DATES)}
checks.positive_data_acceptance.enabled = false
"""
KEYS = """
[sources.keys]
url = "sqlite:///{place}"

[auth.api_keys]
source = "keys"
table = "api_keys"
columns = {{ key_hash = "sha256", user_id = "user_id" }}
prefix = "xntr-"

[serve]
"""


@pytest.fixture(scope="module")
def server(nights: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server with everything that can be served: an ops token, API keys, and a public page with years for `ada`."""
    folder = tmp_path_factory.mktemp("schemathesis")
    configuration = small_platform.copied(nights, folder, SECOND)
    profiles = Lake.of(configuration).profiles
    duckdb.sql(f"copy (select 'ada' as name, '{ANA}' as user_id) to '{profiles}'")
    with closing(sqlite3.connect(folder / "keys.sqlite")) as keys, keys:
        keys.execute("create table api_keys (sha256 text, user_id text)")
        keys.execute("insert into api_keys values (?, ?)", [hashlib.sha256(API_KEY.encode()).hexdigest(), ANA])
    text = configuration.path.read_text().replace("[serve]\n", KEYS.format(place=folder / "keys.sqlite"))
    configuration.path.write_text(text)
    allowed = {"public_level": True, "public_years": True}
    small_platform.configure(configuration, ops_token=OPS_TOKEN, cors_origins=["https://www.example.com"], **allowed)
    with serving(configuration) as running:
        yield running


RUNS = {
    "a token": ([f"Authorization: Bearer {small_platform.token()}"], [f"--exclude-path={path}" for path in OF_OPS]),
    "an API key": ([f"X-API-Key: {API_KEY}"], [f"--include-path={path}" for path in OWN]),
    "the ops token": ([f"Authorization: Bearer {OPS_TOKEN}"], [f"--include-path={path}" for path in OF_OPS]),
}


def statuses(server: Running, since: int) -> dict[tuple[str, str], set[int]]:
    """What was answered to each operation, by path and method, from an offset of the log on."""
    templates = {
        path: re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path))) for path in document(has_ops=True)["paths"]
    }
    found: dict[tuple[str, str], set[int]] = defaultdict(set)
    for line in server.log.read_text()[since:].splitlines():
        if not line.startswith("{"):
            continue
        request = json.loads(line)
        for path, template in templates.items():
            if template.fullmatch(request["path"]):
                found[path, request["method"]].add(request["status"])
    return found


def is_asked(path: str, options: list[str]) -> bool:
    if f"--exclude-path={path}" in options:
        return False
    return f"--include-path={path}" in options or not any(option.startswith("--include") for option in options)


@pytest.mark.parametrize(("headers", "options"), RUNS.values(), ids=RUNS)
def test_nothing_is_answered_that_is_not_described(
    server: Running, tmp_path: Path, headers: list[str], options: list[str]
) -> None:
    examples = EXAMPLES[settings.get_current_profile_name()]
    examples = examples if LOOKUP == "file" else min(examples, FEW)
    since = len(server.log.read_text())
    (tmp_path / "schemathesis.toml").write_text(CONFIGURATION)
    command = [
        *[sys.executable, "-m", "schemathesis.cli", "--config-file", str(tmp_path / "schemathesis.toml")],
        *["run", f"http://{HOST}:{server.port}/openapi.json"],
        # All checks are made where nothing says otherwise; "--checks all" would overrule the file.
        *["--max-examples", str(examples), "--continue-on-failure", "--no-color"],
        "--generation-with-security-parameters=false",  # else it sends the other credential beside ours, which is 400
        *[word for header in headers for word in ("--header", header)],
        *options,
    ]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    answered = statuses(server, since)
    for path in filter(lambda path: is_asked(path, options), document(has_ops=True)["paths"]):
        for method, wanted in (("GET", 200), ("HEAD", 200), ("OPTIONS", 204)):
            assert wanted in answered[path, method], (path, method, answered[path, method])
    assert {status for found in answered.values() for status in found} <= {200, 204, 304, 400, 401, 404, 405}
