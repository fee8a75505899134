"""Documentation is tested: what it names exists, and what exists is named; its examples are run.

Belongs here: README.md and docs/. What a command or a query gives is the matter of other tests.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import gc
import io
import json
import re
import shlex
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import jwt
import pytest
from pydantic import BaseModel

from assets.night.night import run_night
from assets.step0_plan.plan import Run
from pipelines.command_line.cli import parser
from pipelines.demo.platform import demo_configuration, make_platform
from serve.app import create_app
from warehouse.configuration.authentication import ApiKeyColumns, ApiKeys, Auth
from warehouse.configuration.configuration import Configuration, Pulse, Source, Stream, load
from warehouse.configuration.serving import Serve
from warehouse.configuration.streams import ROLES
from warehouse.versions import schema
from warehouse.versions.versions import Warehouse

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
RULES = (ROOT / "docs" / "RULES.md").read_text(encoding="utf-8")
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
SECRET = "a secret of these tests, longer than 32 bytes"
LAST_SECOND_OF_9999 = 253_402_300_799
LAST_DAY = date(2026, 11, 21)

# Fields that the file does not have: where it is, and a stream's name, which is the name of its table.
SET_BY_US = {"path", "streams.NAME.name"}
PARTS: dict[str, type[BaseModel]] = {
    "pulse": Pulse,
    "sources.NAME": Source,
    "streams.NAME": Stream,
    "auth": Auth,
    "auth.api_keys": ApiKeys,
    "serve": Serve,
}


# --- what stands in the README ----------------------------------------------------------------------------------------


def blocks(language: str) -> list[str]:
    """Every fenced block of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


def rows_of_table(header: str) -> list[list[str]]:
    """The cells of the table under a header line, without backticks around a cell."""
    table = README.split(header, 1)[1].split("\n\n", 1)[0]
    lines = [line for line in table.splitlines() if line.startswith("| ") and not line.startswith("| ---")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def synopses() -> dict[str, str]:
    """Every command of the README's table, with the synopsis that it gives."""
    cells = [row[0].strip("`") for row in rows_of_table("| command | does |")]
    return {cell.split()[1]: cell for cell in cells}


def commands() -> dict[str, argparse.ArgumentParser]:
    """Every command that the parser takes."""
    (words,) = [action for action in parser()._actions if isinstance(action, argparse._SubParsersAction)]  # noqa: SLF001
    return dict(words.choices)


def options(command: argparse.ArgumentParser) -> set[str]:
    """Every option of a command but the one for help."""
    return {name for action in command._actions for name in action.option_strings} - {"-h", "--help"}  # noqa: SLF001


def typed_commands() -> list[str]:
    """Every `pulse …` in the README's shell and cron blocks, as a person types it."""
    lines = [line for language in ("sh", "cron") for block in blocks(language) for line in block.splitlines()]
    found = [re.search(r"(?:^|\s)(?:\.venv/bin/)?pulse( [^#|>&]*)", line) for line in lines]
    return list(dict.fromkeys(match[1].strip() for match in found if match))


def make_targets() -> set[str]:
    """Every target that the Makefile says is one."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    return {name for line in re.findall(r"^\.PHONY: (.*)$", makefile, flags=re.MULTILINE) for name in line.split()}


# --- commands ---------------------------------------------------------------------------------------------------------


def test_every_command_is_in_the_readme_and_every_command_there_exists() -> None:
    assert synopses().keys() == commands().keys()


@pytest.mark.parametrize("name", commands())
def test_every_option_of_a_command_is_in_its_synopsis_and_no_other(name: str) -> None:
    assert set(re.findall(r"--[a-z-]+", synopses()[name])) == options(commands()[name])


@pytest.mark.parametrize("words", typed_commands())
def test_every_command_line_of_the_readme_is_understood(words: str) -> None:
    with contextlib.redirect_stderr(io.StringIO()) as complaint:
        try:
            parser().parse_args(shlex.split(words))
        except SystemExit:
            pytest.fail(complaint.getvalue())


def test_the_readme_has_command_lines_to_understand() -> None:
    assert {words.split()[0] for words in typed_commands()} >= {"nightly", "backfill", "build", "serve", "ui"}


def test_the_command_of_the_systemd_unit_is_understood() -> None:
    unit = (ROOT / "docs" / "deploy" / "pulse.service").read_text(encoding="utf-8")
    (words,) = re.findall(r"^ExecStart=\S+/pulse (.*)$", unit, flags=re.MULTILINE)
    assert parser().parse_args(shlex.split(words)).workers > 1


def test_the_options_given_to_make_demo_are_understood() -> None:
    (arguments,) = re.findall(r'^make demo ARGS="(.*)"$', README, flags=re.MULTILINE)
    parser().parse_args(["demo", *shlex.split(arguments)])


def test_every_exit_code_is_in_the_readme() -> None:
    from pipelines.command_line.failures import INTERRUPTED
    from warehouse.errors import ConfigurationError, LockHeldError, PulseError

    codes = {0, PulseError.exit_code, ConfigurationError.exit_code, LockHeldError.exit_code, int(INTERRUPTED)}
    assert {int(row[0]) for row in rows_of_table("| exit code | means |")} == codes


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_make_target_that_is_named_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    named = re.findall(r"(?:^|`)make ([a-z]+)", text, flags=re.MULTILINE)
    assert set(named) <= make_targets()


# --- configuration ----------------------------------------------------------------------------------------------------


def keys_of_the_models() -> dict[str, Any]:
    """Every key of the configuration with its default, `...` where it must be given."""
    found: dict[str, Any] = {}

    def collect(prefix: str, model: type[BaseModel]) -> None:
        for name, field in model.model_fields.items():
            if isinstance(field.default, BaseModel):
                collect(f"{prefix}.{name}", type(field.default))
            elif f"{prefix}.{name}" not in SET_BY_US | PARTS.keys():
                found[f"{prefix}.{name}"] = ... if field.is_required() else field.default

    for prefix, model in PARTS.items():
        collect(prefix, model)
    return found


def keys_of_the_readme() -> dict[str, str]:
    """Every key of the README's table with the default that it gives."""
    return {row[0].strip("`"): row[1].strip("`") for row in rows_of_table("| key | default | meaning |")}


def test_the_parts_of_the_configuration_are_those_that_are_looked_at() -> None:
    assert Configuration.model_fields.keys() - SET_BY_US == {part.split(".")[0] for part in PARTS}


def test_every_configuration_key_is_in_the_readme_and_every_key_there_exists() -> None:
    assert keys_of_the_readme().keys() == keys_of_the_models().keys()


@pytest.mark.parametrize("key", keys_of_the_models())
def test_the_readme_gives_the_default_of_every_key(key: str) -> None:
    default = keys_of_the_models()[key]
    if default is ...:
        expected = "required"
    elif default is None:
        expected = "not set"
    else:
        expected = json.dumps(str(default) if isinstance(default, Path) else default)
    assert keys_of_the_readme()[key] == expected


def test_the_example_configuration_loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = whole_configuration()
    (tmp_path / "pulse.toml").write_text(text, encoding="utf-8")
    for name in re.findall(r"\$\{(\w+)\}", text):
        monkeypatch.setenv(name, f"the value of {name}, longer than 32 bytes")
    configuration = load(tmp_path / "pulse.toml", uses=["sources", "auth"])
    assert {stream.kind for stream in configuration.streams.values()} == set(ROLES)
    assert configuration.sources["platform"].url.startswith("the value of PLATFORM_URL")


def whole_configuration() -> str:
    """The one example that is a file; the others are parts that go into it."""
    (text,) = [block for block in blocks("toml") if "[pulse]" in block]
    return text


@pytest.mark.parametrize("part", [block for block in blocks("toml") if "[auth" in block and "[pulse]" not in block])
def test_the_examples_of_credentials_load_in_its_place(
    part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = whole_configuration()
    text = (text.partition("[auth]")[0] if "[auth]\n" in part else text) + part
    (tmp_path / "pulse.toml").write_text(text, encoding="utf-8")
    for name in re.findall(r"\$\{(\w+)\}", text):
        monkeypatch.setenv(name, f"the value of {name}, longer than 32 bytes")
    auth = load(tmp_path / "pulse.toml", uses=["sources", "auth"]).auth
    assert auth is not None
    assert bool(auth.jwks) == ("jwks" in part)
    assert bool(auth.api_keys) == ("api_keys" in part)


def test_the_readme_lists_the_columns_of_api_keys() -> None:
    assert [row[0].strip("`") for row in rows_of_table("| role | column |")] == list(ApiKeyColumns.model_fields)


def test_the_readme_lists_the_roles_of_every_kind_required_and_optional() -> None:
    table = rows_of_table("| kind | required | optional |")
    found = {row[0].strip("`"): [set(re.findall(r"`(\w+)`", cell)) for cell in row[1:]] for row in table}
    assert found == {
        kind: [{role.name for role in roles if role.is_required is required} for required in (True, False)]
        for kind, roles in ROLES.items()
    }


def test_the_readme_gives_column_types_for_every_role() -> None:
    named = {name for row in rows_of_table("| roles | column types |") for name in re.findall(r"`(\w+)`", row[0])}
    assert named == {role.name for roles in ROLES.values() for role in roles}


# --- docs/ ------------------------------------------------------------------------------------------------------------


def test_the_dictionary_is_what_the_schema_says() -> None:
    found = (ROOT / "docs" / "DICTIONARY.md").read_text(encoding="utf-8")
    assert found == schema.dictionary(), "run `make dictionary`"


def test_every_public_table_and_column_has_a_comment() -> None:
    assert schema.tables()
    for table in schema.tables():
        assert table.comment, table.name
        assert [column.name for column in table.columns if not column.comment] == [], table.name


def test_every_rule_is_written_down_once_and_no_other_is_named() -> None:
    rules = [f"R{number}" for number in range(1, 27)]
    assert sorted(re.findall(r"^\*\*(R\d+)\*\*", RULES, flags=re.MULTILINE)) == sorted(rules)
    named = {name for page in PAGES for name in re.findall(r"\bR\d+\b", page.read_text(encoding="utf-8"))}
    assert named <= set(rules)


def test_every_reason_for_quarantine_is_in_the_rules() -> None:
    reasons = schema.table("quarantine").columns[3].comment.rstrip(".").replace(" or ", ", ").split(", ")
    assert [reason for reason in reasons if f"`{reason}`" not in RULES] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    relative = [link for link in links if not link.startswith(("https://", "http://"))]
    assert [link for link in relative if not (page.parent / link).exists()] == []


def test_every_decision_is_linked_from_the_readme_and_short() -> None:
    decisions = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [page.name for page in decisions if f"docs/decisions/{page.name}" not in README] == []
    assert [page.name for page in decisions if len(page.read_text(encoding="utf-8").splitlines()) > 40] == []


# --- faults -----------------------------------------------------------------------------------------------------------

OF_THE_API = range(31, 42)  # these have their pages in README.md


def by_fault() -> dict[int, set[str]]:
    """Every test whose docstring names a fault, by its number: "FAULTS 4, 5", "FAULTS 14 to 17"."""
    found: dict[int, set[str]] = {}
    for file in sorted((ROOT / "tests").rglob("test_*.py")):
        for function in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef) and function.name.startswith("test_"):
                name = f"{file.relative_to(ROOT / 'tests')}::{function.name}"
                for number in faults_named(ast.get_docstring(function) or ""):
                    found.setdefault(number, set()).add(name)
    return found


def faults_named(text: str) -> set[int]:
    parts = [
        part for listed in re.findall(r"FAULTS (\d+(?:(?:, | to | and )\d+)*)", text) for part in listed.split(", ")
    ]
    ends = [[int(number) for number in re.findall(r"\d+", part)] for part in parts]
    spans = [range(end[0], end[-1] + 1) if " to " in part else end for part, end in zip(parts, ends, strict=True)]
    return {number for span in spans for number in span}


def test_every_fault_is_written_down_once() -> None:
    numbers = re.findall(r"^\| (\d+) \|", (ROOT / "docs" / "FAULTS.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert [int(number) for number in numbers] == list(range(1, len(numbers) + 1))


def test_every_fault_of_the_pipeline_is_tested_by_what_the_page_on_reliability_says() -> None:
    page = (ROOT / "docs" / "RELIABILITY.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| [^|]+ \| ([^|]+) \|$", page, flags=re.MULTILINE)
    faults = re.findall(r"^\| (\d+) \|", (ROOT / "docs" / "FAULTS.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert [int(number) for number, _ in rows] == [int(number) for number in faults if int(number) not in OF_THE_API]
    known = by_fault()
    for number, cell in rows:
        named = set(re.findall(r"`([\w/]+\.py::\w+)`", cell))
        assert named, number
        assert named <= known[int(number)], number


# --- examples, run on a small demo ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Configuration:
    """The demo of 5 learners and 20 days, published below `demo/`, as the README's commands leave it."""
    folder = tmp_path_factory.mktemp("readme") / "demo"
    platform = make_platform(folder / "platform.sqlite", users=5, days=20, last_day=LAST_DAY)
    text = demo_configuration("var", "sqlite:///platform.sqlite", platform.first_day, SECRET)
    (folder / "pulse.toml").write_text(text, encoding="utf-8")
    configuration = load(folder / "pulse.toml", uses=["sources", "auth"])
    assert run_night(configuration, Run(platform.first_day, LAST_DAY)) is not None
    return configuration


@pytest.fixture
def no_app() -> None:
    """End the connections of apps that nobody holds: within one process a file is open in one configuration only."""
    gc.collect()


def answer(configuration: Configuration) -> TestResponse:
    """What the endpoint answers a learner whom nobody knows."""
    token = jwt.encode({"sub": "somebody", "exp": LAST_SECOND_OF_9999}, SECRET, algorithm="HS256")
    headers = {"Authorization": f"Bearer {token}"}
    return create_app(configuration).test_client().get("/api/xp/learning-pulse", headers=headers)


@pytest.mark.usefixtures("no_app")
@pytest.mark.parametrize("query", blocks("sql"), ids=lambda query: " ".join(query.split()[:6]))
def test_every_query_of_the_readme_finds_rows_in_the_demo(demo: Configuration, query: str) -> None:
    with duckdb.connect(str(Warehouse.of(demo).pointer.resolve()), read_only=True) as connection:
        assert connection.execute(query).fetchall()


@pytest.mark.usefixtures("no_app")
def test_the_python_example_of_the_readme_runs(
    demo: Configuration, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (code,) = blocks("python")
    monkeypatch.chdir(demo.path.parent.parent)
    exec(compile(code, "README.md", "exec"), {})  # noqa: S102 - our own README
    assert re.search(r"\(\d, \d+\)", capsys.readouterr().out)


def test_the_json_example_has_the_keys_of_an_answer_in_their_order(demo: Configuration) -> None:
    (example,) = [json.loads(text) for text in blocks("json")]
    response = answer(demo)
    body = json.loads(response.data)
    assert list(example) == list(body)
    assert [list(entry) for entry in example["data"]] == [list(body["data"][0])] * len(example["data"])
    named = set(re.findall(r"^\| `(X-[A-Za-z-]+)` \|", README, flags=re.MULTILINE))
    carried = {name for name in response.headers.keys() if name.startswith(("X-Data-", "X-Pulse-"))}  # noqa: SIM118 - not a dict
    assert named == carried


def test_the_errors_of_the_readme_are_those_of_the_api(demo: Configuration, tmp_path: Path) -> None:
    refused = create_app(demo).test_client().get("/api/xp/learning-pulse")
    assert refused.status_code == 401
    assert refused.text.replace(":", ": ", 1) in README
    nowhere = demo.model_copy(update={"pulse": demo.pulse.model_copy(update={"data_dir": tmp_path})})
    empty = answer(nowhere)
    assert empty.status_code == 503
    assert empty.text.replace(":", ": ", 1) in README
    assert f"`Retry-After: {empty.headers['Retry-After']}`" in README


def test_every_warning_and_metric_of_the_server_is_in_the_readme_and_no_other(demo: Configuration) -> None:
    from serve.operations.health import about
    from serve.operations.troubles import TROUBLES
    from serve.operations.workers import Worker
    from warehouse.versions.pin import Pin

    built_at = "2026-01-01T00:00:00Z"
    bad = Worker(1, "v", "", built_at, ("w",), refused={"w": {}}, answered=20, unknown=20, troubles=TROUBLES)
    warnings = about([bad, Worker(2)], now=4e9, max_age_hours=36, pin=Pin("v", "now"), hung={2})["warnings"]
    assert [row[0].strip("`") for row in rows_of_table("| warning | means |")] == warnings
    served = demo.serve.model_copy(update={"ops_token": SECRET.replace(" ", "-")})
    client = create_app(demo.model_copy(update={"serve": served})).test_client()
    text = client.get("/metrics", headers={"Authorization": f"Bearer {served.ops_token}"}).text
    named = {name for row in rows_of_table("| metric | labels | counts |") for name in re.findall(r"`(\w+)`", row[0])}
    assert named == {name for name in re.findall(r"^# HELP (\w+)", text, re.MULTILINE) if not name.endswith("_created")}
