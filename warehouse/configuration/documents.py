"""The file as TOML has it: read as text, `${NAME}` resolved, its tables one by one. What it means is elsewhere."""

import codecs
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from warehouse.errors import ConfigurationError

PLACEHOLDER = re.compile(r"\$\{(\w+)\}")


def read(path: Path) -> dict[str, Any]:
    """Return the document of a file.

    Raises:
        ConfigurationError: there is no such file, or it is not TOML in UTF-8.
    """
    try:
        return tomllib.loads(_text(path.read_bytes()))
    except FileNotFoundError:
        way_out = "name one with --config or PULSE_CONFIG, or try `pulse demo`"
        raise ConfigurationError([f"{path}: no such configuration file, {way_out}"]) from None
    except (OSError, ValueError) as error:
        raise ConfigurationError([f"{path}: not readable as TOML: {error}"]) from None


def _text(content: bytes) -> str:
    """Return a file's text without the byte order mark that some editors put before it.

    Raises:
        ValueError: it is not UTF-8.
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise ValueError("it is UTF-16, save it as UTF-8")
    text = content.decode("utf-8-sig")
    if "\0" in text:
        raise ValueError("it has NUL characters, save it as UTF-8")
    return text.replace("\r\n", "\n")  # as reading text does


def resolved(value: Any, where: str, mistakes: list[str]) -> Any:  # noqa: ANN401 - TOML holds anything
    """Return a value with every `${NAME}` replaced.

    Args:
        value: a text, or tables and lists of them.
        where: how mistakes name it.
        mistakes: a name that is not set is added to these.
    """
    if isinstance(value, dict):
        return {key: resolved(inner, f"{where}.{key}", mistakes) for key, inner in value.items()}
    if isinstance(value, list):
        return [resolved(inner, where, mistakes) for inner in value]
    if not isinstance(value, str):
        return value

    def lookup(match: re.Match[str]) -> str:
        name = match[1]
        variable = os.environ.get(name)
        if wrong := _variable_mistake(variable):
            mistakes.append(f"{where}: environment variable {name} {wrong}")
        return match[0] if variable is None or wrong else variable

    return PLACEHOLDER.sub(lookup, value)


def _variable_mistake(value: str | None) -> str | None:
    if value is None:
        return "is not set"
    if value != value.strip():
        return "has white space at an end, such as a line break; take it away"
    try:
        value.encode()
    except UnicodeEncodeError:
        return "is not UTF-8"
    return None


def role_table(stream: Mapping[str, Any], role: str) -> Mapping[str, Any]:
    """Return the table that maps a role of a stream; an empty one where it is mapped otherwise, or not at all."""
    columns = stream.get("columns")
    mapped = columns.get(role) if isinstance(columns, dict) else None
    return mapped if isinstance(mapped, dict) else {}


def tables(document: Mapping[str, Any], section: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the tables of a section by their names, as `[streams.NAME]`; what is none is another's mistake."""
    named = document.get(section)
    if isinstance(named, dict):
        yield from ((name, table) for name, table in named.items() if isinstance(table, dict))
