"""`pulse check` as it is typed: lines, JSON and exit codes, of a healthy platform and of one with faults."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.command_line.cli import main
from tests.support.platforms.small_platform import SECOND, SECRET, copied
from warehouse import clock

Typed = Callable[..., tuple[int, str, str]]


@pytest.fixture
def folder(nights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A healthy platform on the morning after its second night."""
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 1, 1, 8, tzinfo=UTC))
    copied(nights, tmp_path, SECOND)
    (tmp_path / "platform.sqlite").write_bytes((nights / "platform.sqlite").read_bytes())
    path = tmp_path / "pulse.toml"
    path.write_text(path.read_text().replace(f"{nights}/platform.sqlite", "platform.sqlite"))
    return tmp_path


@pytest.fixture
def typed(folder: Path, capsys: pytest.CaptureFixture[str]) -> Typed:
    def run(*words: str) -> tuple[int, str, str]:
        code = main(["check", "--config", str(folder / "pulse.toml"), *words])
        return code, *capsys.readouterr()

    return run


def change(folder: Path, old: str, new: str) -> None:
    path = folder / "pulse.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_of_a_healthy_platform_every_line_is_ok_and_nothing_is_written(folder: Path, typed: Typed) -> None:
    before = sorted((path, path.lstat().st_mtime_ns) for path in folder.rglob("*"))
    code, out, err = typed()
    assert sorted((path, path.lstat().st_mtime_ns) for path in folder.rglob("*")) == before
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert [line for line in lines if not line.startswith("ok       ")] == []
    subjects = {line.removeprefix("ok       ").partition(":")[0] for line in lines}
    streams = {f"stream {name}" for name in ("users", "xp_events", "sessions", "quiz_attempts")}
    assert subjects == {"source platform", *streams, "data folder", "lake", "warehouse", "dagster", "server"}


def test_json_is_a_list_of_objects(typed: Typed) -> None:
    code, out, _ = typed("--json", "--stream", "users")
    findings = json.loads(out)
    assert code == 0
    assert {"subject": "stream users", "check": "rows", "status": "ok", "message": "6 learners"} in findings


def test_a_warning_ends_with_0_and_a_failure_with_1(folder: Path, typed: Typed) -> None:
    with closing(sqlite3.connect(folder / "platform.sqlite")) as platform, platform:
        platform.execute("update users set timezone = 'somewhere' where id = 'ben'")
    code, out, _ = typed()
    (warning,) = [line for line in out.splitlines() if not line.startswith("ok ")]
    assert warning.startswith('warning  stream users: zones: 1 of 6 zones are no IANA names, such as "somewhere"; ')
    assert code == 0
    change(folder, 'table = "xp_events"', 'table = "events_of_xp"')
    code, out, _ = typed("--json")
    (failure,) = [finding for finding in json.loads(out) if finding["status"] == "failed"]
    assert failure["way_out"] == "correct the mapping's table"
    assert code == 1


def test_a_configuration_that_is_none_and_a_stream_that_is_not_there_are_wrong_usage(
    folder: Path, typed: Typed
) -> None:
    code, out, err = typed("--stream", "xp")
    assert (code, out) == (2, "")
    assert err.startswith('pulse: there is no stream "xp"; there are users, xp_events, sessions, quiz_attempts')
    change(folder, 'kind = "xp"', 'kind = "points"')
    assert typed()[0] == 2


def test_credentials_that_the_server_could_not_check_are_named(
    folder: Path, typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A secret that is not set stops no night, which may be all that runs here; one that is too short is wrong."""
    change(folder, SECRET, "${SECRET_OF_A_TEST}")
    code, out, _ = typed()
    assert code == 0
    assert "warning  server: credentials: auth.secret: environment variable SECRET_OF_A_TEST is not set; " in out
    monkeypatch.setenv("SECRET_OF_A_TEST", "too short")
    code, out, _ = typed()
    assert code == 1
    assert "failed   server: credentials: auth.secret.0: an HS256 secret needs at least 32 bytes" in out
    assert "too short" not in out


def test_a_key_set_and_a_table_of_keys_are_looked_at(folder: Path, typed: Typed) -> None:
    change(folder, f'secret = "{SECRET}"', 'algorithms = ["ES256"]\njwks = "jwks.json"')
    api_keys = '[auth.api_keys]\nsource = "platform"\ntable = "users"\n'
    with (folder / "pulse.toml").open("a") as file:
        file.write(f'{api_keys}columns = {{ key_hash = "sha256", user_id = "id" }}\n')
    (folder / "jwks.json").write_text('{"keys": []}')
    code, out, _ = typed()
    assert code == 1
    assert f"failed   server: key set: {folder}/jwks.json: no key for ES256; " in out
    assert "failed   server: api keys: the table users of source platform does not answer: " in out
    assert "no such column: sha256; let the role of that source select those columns" in out
    change(folder, '"sha256"', '"username"')
    assert "ok       server: api keys: " in typed()[1]
