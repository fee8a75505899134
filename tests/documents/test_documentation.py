"""Documentation is tested: what it names exists, and what exists is named.

Belongs here: commands and configuration. Links, rules and faults are the matter of `test_pages.py`, what examples give
that of `test_documented_examples.py`, and what code and tests point to that of `test_pointers.py`.
"""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest
from pydantic import BaseModel

from pipelines.command_line.cli import pulse
from tests.documents.documents import (
    COMMANDS,
    CONFIGURATION,
    CONNECT,
    README,
    TEXTS,
    blocks,
    blocks_of,
    rows_of_table,
)
from tests.support.repository import ROOT
from warehouse.configuration.authentication import ApiKeyColumns, ApiKeys, Auth
from warehouse.configuration.configuration import Configuration, Pulse, Source, Stream, load
from warehouse.configuration.learners.experience import Experience
from warehouse.configuration.streams import ROLES
from warehouse.configuration.surroundings.alerts import Alerts, Email
from warehouse.configuration.surroundings.quests import Quest
from warehouse.configuration.surroundings.serving import Serve

if TYPE_CHECKING:
    from collections.abc import Iterator

# Fields that the file does not have: where it is, and a stream's name, which is the name of its table.
SET_BY_US = {"path", "streams.NAME.name"}
PARTS: dict[str, type[BaseModel]] = {
    "pulse": Pulse,
    "sources.NAME": Source,
    "streams.NAME": Stream,
    "auth": Auth,
    "auth.api_keys": ApiKeys,
    "serve": Serve,
    "xp": Experience,
    "quests.NAME": Quest,
    "alerts": Alerts,
    "alerts.email": Email,
}


# --- commands ---------------------------------------------------------------------------------------------------------


def synopses() -> dict[str, str]:
    """Every command of the reference, with the synopsis that it gives."""
    cells = [row[0].strip("`") for row in rows_of_table(COMMANDS, "| command | does |")]
    return {cell.split()[1]: cell for cell in cells}


def commands() -> dict[str, click.Command]:
    """Every command that `pulse` takes."""
    context = click.Context(pulse)
    found = {name: pulse.get_command(context, name) for name in pulse.list_commands(context)}
    return {name: command for name, command in found.items() if command is not None}


def options(command: click.Command) -> set[str]:
    """Every option of a command but the one for help."""
    given = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
    return {name for option in given for name in (*option.opts, *option.secondary_opts)}


def understood(words: str) -> dict[str, Any]:
    """What a command line means, without running it; a `UsageError` if it means nothing."""
    name, *rest = shlex.split(words)
    return commands()[name].make_context(name, rest).params


def typed_commands() -> list[str]:
    """Every `pulse …` in the shell and cron blocks for users, as a person types it."""
    lines = [line for language in ("sh", "cron") for block in blocks(language) for line in block.splitlines()]
    found = [re.search(r"(?:^|\s)(?:\.venv/bin/)?pulse( [^#|>&]*)", line) for line in lines]
    return list(dict.fromkeys(match[1].strip() for match in found if match))


def make_targets() -> set[str]:
    """Every target that the Makefile says is one."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    return {name for line in re.findall(r"^\.PHONY: (.*)$", makefile, flags=re.MULTILINE) for name in line.split()}


def test_every_command_is_in_the_reference_and_every_command_there_exists() -> None:
    assert synopses().keys() == commands().keys()


@pytest.mark.parametrize("name", commands())
def test_every_option_of_a_command_is_in_its_synopsis_and_no_other(name: str) -> None:
    assert set(re.findall(r"--[a-z-]+", synopses()[name])) == options(commands()[name])


@pytest.mark.parametrize("words", typed_commands())
def test_every_command_line_for_users_is_understood(words: str) -> None:
    understood(words)


def test_there_are_command_lines_to_understand() -> None:
    assert {words.split()[0] for words in typed_commands()} >= {"nightly", "backfill", "build", "serve", "ui"}


def test_the_command_of_the_systemd_unit_is_understood() -> None:
    unit = (ROOT / "docs" / "deploy" / "pulse.service").read_text(encoding="utf-8")
    (words,) = re.findall(r"^ExecStart=\S+/pulse (.*)$", unit, flags=re.MULTILINE)
    assert understood(words)["workers"] > 1


def test_the_options_given_to_make_demo_are_understood() -> None:
    (arguments,) = re.findall(r'^make demo ARGS="(.*)"$', README, flags=re.MULTILINE)
    understood(f"demo {arguments}")


def test_every_exit_code_is_in_the_reference() -> None:
    from pipelines.command_line.failures import INTERRUPTED
    from warehouse.errors import ConfigurationError, LockHeldError, PulseError

    codes = {0, PulseError.exit_code, ConfigurationError.exit_code, LockHeldError.exit_code, int(INTERRUPTED)}
    assert {int(row[0]) for row in rows_of_table(COMMANDS, "| exit code | means |")} == codes


@pytest.mark.parametrize("page", TEXTS)
def test_every_make_target_that_is_named_exists(page: str) -> None:
    named = re.findall(r"(?:^|`)make ([a-z][a-z-]*)", TEXTS[page], flags=re.MULTILINE)
    assert set(named) <= make_targets()


def test_every_make_target_is_on_the_page_of_commands_or_on_that_for_contributors() -> None:
    named = re.findall(r"`make ([a-z-]+)`", COMMANDS + TEXTS["docs/CONTRIBUTING.md"])
    assert set(named) == make_targets()


def test_every_environment_variable_that_is_read_is_in_the_reference_and_no_other() -> None:
    code = "".join(
        file.read_text(encoding="utf-8")
        for folder in ("assets", "pipelines", "serve", "warehouse")
        for file in (ROOT / folder).rglob("*.py")
    )
    ours = set(re.findall(r'"(PULSE_[A-Z_]+)"', code)) - {"PULSE_CRASH_POINT"}  # which is for tests
    named = {row[0].strip("`") for row in rows_of_table(COMMANDS, "| variable | says |")}
    assert named == {*ours, "SSL_CERT_FILE"}


def test_every_extra_that_is_named_exists() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    named = {name for text in TEXTS.values() for name in re.findall(r"pip install '\.\[(\w+)\]'", text)}
    assert named
    assert named <= extras.keys()


# --- configuration ----------------------------------------------------------------------------------------------------


def keys_of_the_models() -> dict[str, Any]:
    """Every key of the configuration with its default, `...` where it must be given."""
    found: dict[str, Any] = {}

    def collect(prefix: str, model: type[BaseModel]) -> None:
        for name, field in ((field.alias or name, field) for name, field in model.model_fields.items()):
            if isinstance(field.default, BaseModel):
                collect(f"{prefix}.{name}", type(field.default))
            elif f"{prefix}.{name}" not in SET_BY_US | PARTS.keys():
                found[f"{prefix}.{name}"] = ... if field.is_required() else field.default

    for prefix, model in PARTS.items():
        collect(prefix, model)
    return found


def keys_of_the_reference() -> dict[str, str]:
    """Every key of the reference with the default that it gives."""
    return {row[0].strip("`"): row[1].strip("`") for row in rows_of_table(CONFIGURATION, "| key | default | meaning |")}


def test_the_parts_of_the_configuration_are_those_that_are_looked_at() -> None:
    assert Configuration.model_fields.keys() - SET_BY_US == {part.split(".")[0] for part in PARTS}


def test_every_configuration_key_is_in_the_reference_and_every_key_there_exists() -> None:
    assert keys_of_the_reference().keys() == keys_of_the_models().keys()


@pytest.mark.parametrize("key", keys_of_the_models())
def test_the_reference_gives_the_default_of_every_key(key: str) -> None:
    default = keys_of_the_models()[key]
    if default is ...:
        expected = "required"
    elif default is None:
        expected = "not set"
    else:
        expected = json.dumps(str(default) if isinstance(default, Path) else default)
    assert keys_of_the_reference()[key] == expected


def loaded(text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Configuration:
    """A configuration file of this text, with a value for every environment variable that it names."""
    (folder / "pulse.toml").write_text(text, encoding="utf-8")
    for name in re.findall(r"\$\{(\w+)\}", text):
        monkeypatch.setenv(name, f"the value of {name}, longer than 32 bytes")
    return load(folder / "pulse.toml", uses=["sources", "auth", "serve"])


def test_the_example_configuration_loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configuration = loaded(whole_configuration(CONNECT), tmp_path, monkeypatch)
    assert {stream.kind for stream in configuration.streams.values()} == set(ROLES) - {
        "daily",
        "freezes",
    }  # with sections of their own
    assert configuration.sources["platform"].url.startswith("the value of PLATFORM_URL")


def test_the_smallest_configuration_loads_and_is_the_smallest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = whole_configuration(README)
    loaded(text, tmp_path, monkeypatch)
    required = {key for key, default in keys_of_the_models().items() if default is ...}
    given = set(keys_given(tomllib.loads(text)))
    assert given - required == {"auth.secret", "streams.NAME.table"}  # each is required without its alternative


def keys_given(section: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """Every key of a configuration, in the words of the reference."""
    for name, value in section.items():
        if isinstance(value, dict) and name != "columns":
            named = "NAME" if prefix in {"sources.", "streams."} else name
            yield from keys_given(value, f"{prefix}{named}.")
        else:
            yield f"{prefix}{name}"


def whole_configuration(page: str) -> str:
    """The one example of a page that is a file; the others are parts that go into it."""
    (text,) = [block for block in blocks_of(page, "toml") if "[pulse]" in block]
    return text


@pytest.mark.parametrize("part", [block for block in blocks("toml") if "[pulse]" not in block])
def test_the_examples_of_parts_load_in_their_places(part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = whole_configuration(CONNECT)
    if 'kind = "users"' in part:
        users = text.index("[streams.users]")
        text = text[:users] + text[text.index("[streams.", users + 1) :]
    text = (text.partition("[auth]")[0] if "[auth]\n" in part else text) + part
    auth = loaded(text, tmp_path, monkeypatch).auth
    assert auth is not None
    assert bool(auth.jwks) == ("jwks" in part)
    assert bool(auth.api_keys) == ("api_keys" in part)


def test_the_guide_lists_the_columns_of_api_keys() -> None:
    assert [row[0].strip("`") for row in rows_of_table(CONNECT, "| role | column |")] == list(
        ApiKeyColumns.model_fields
    )


def test_the_guide_lists_the_roles_of_every_kind_required_and_optional() -> None:
    table = rows_of_table(CONNECT, "| kind | required | optional |")
    found = {row[0].strip("`"): [set(re.findall(r"`(\w+)`", cell)) for cell in row[1:]] for row in table}
    assert found == {
        kind: [{role.name for role in roles if role.is_required is required} for required in (True, False)]
        for kind, roles in ROLES.items()
    }


def test_the_guide_gives_column_types_for_every_role() -> None:
    named = {
        name for row in rows_of_table(CONNECT, "| roles | column types |") for name in re.findall(r"`(\w+)`", row[0])
    }
    assert named == {role.name for roles in ROLES.values() for role in roles}
