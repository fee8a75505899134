"""What is wrong about streams that no single field shows: names, sources, columns that do not fit their kind."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from warehouse.configuration.documents import tables
from warehouse.configuration.learners.lookups import lookup_mistakes
from warehouse.configuration.learners.several import learners_mistakes
from warehouse.configuration.retention import retention_mistakes
from warehouse.configuration.roles import mapping_mistake
from warehouse.configuration.sources import patterns
from warehouse.configuration.streams import (
    ACTIVITY_KINDS,
    EVENT_KINDS,
    INPUTS,
    INSTEAD_OF,
    ROLES,
    daily_mistakes,
    date_mistakes,
)

STREAM_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
RESERVED_STREAM_NAMES = {"activity", "ahead", "erasures", "sequence", "zones"}  # what the lake has beside streams
READ_FROM = {"table": "a table", "query": "a query", "files": "files"}  # what a stream reads, one of these


def stream_mistakes(document: Mapping[str, Any], lookback_days: object) -> list[str]:
    """Return what is wrong about the streams of a document.

    Args:
        document: as TOML has it.
        lookback_days: those of `[pulse]`, or their default.
    """
    sources = {name for name, _ in tables(document, "sources")}
    streams = dict(tables(document, "streams"))
    mistakes = []
    for name, stream in streams.items():
        where = f"streams.{name}"
        if not STREAM_NAME.fullmatch(name) or name in RESERVED_STREAM_NAMES:
            mistakes.append(f"{where}: a stream is named with a-z, 0-9 and _, and not {sorted(RESERVED_STREAM_NAMES)}")
        source = stream.get("source")
        if isinstance(source, str) and source not in sources:
            mistakes.append(f'{where}.source: unknown source "{source}", there is no [sources.{source}]')
        given = [name for key, name in READ_FROM.items() if key in stream]
        if not given:
            mistakes.append(f"{where}.table: missing")
        if len(given) > 1:
            mistakes.append(f"{where}: it has {given[0]} and {given[1]}; leave one of them")
        mistakes += [f"{where}.{mistake}" for mistake in _files_mistakes(stream)]
        mistakes += [f"{where}.columns: {mistake}" for mistake in _column_mistakes(stream)]
        mistakes += [f"{where}.{mistake}" for mistake in retention_mistakes(stream, lookback_days)]
    mistakes += _twins(streams)
    mistakes += date_mistakes(streams, lookback_days)
    mistakes += [*learners_mistakes(streams), *lookup_mistakes(streams, sources)]
    kinds = [stream.get("kind") for stream in streams.values()]
    if not any(kind in ACTIVITY_KINDS for kind in kinds):
        mistakes.append(f"streams: at least one stream of a kind among {', '.join(ACTIVITY_KINDS)} is needed")
    return mistakes


def add_names(document: dict[str, Any], path: Path) -> list[str]:
    """Tell the file its path and each stream its name; whoever writes these keys into the file is told that too."""
    mistakes = ["path: unknown key"] if "path" in document else []
    document["path"] = path.absolute()
    for name, stream in tables(document, "streams"):
        mistakes += [f"streams.{name}.name: unknown key"] if "name" in stream else []
        stream["name"] = name
    return mistakes


def add_source_of_files(document: dict[str, Any]) -> list[str]:
    """Give streams of files their source, which nobody has to write; whoever writes one is told."""
    mistakes: list[str] = []
    for name, stream in tables(document, "streams"):
        if "files" not in stream:
            continue
        if "source" in stream:
            mistakes.append(f"streams.{name}.source: files need no source; leave it out")
            continue
        sources = document.setdefault("sources", {})
        if isinstance(sources, dict):
            own = {"url": patterns.URL}
            if sources.setdefault(patterns.SOURCE, own) != own:
                mistakes.append(f"sources.{patterns.SOURCE}: streams with files have this name; choose another")
        stream["source"] = patterns.SOURCE
    return mistakes


def _files_mistakes(stream: Mapping[str, Any]) -> Iterator[str]:
    files = stream.get("files")
    if isinstance(files, str) and (mistake := patterns.files_mistake(stream.get("kind"), files)):
        yield f"files: {mistake}"
    if "hive" in stream and files is None:
        yield "hive: it is for streams with files; leave it out"


def _twins(streams: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Yield the streams that would count every row of another one once more."""
    known: dict[str, str] = {}
    for name, stream in streams.items():
        if stream.get("kind") not in EVENT_KINDS:
            continue
        keys = ("kind", "source", "table", "query", "files", "where")
        what = repr([*(stream.get(key) for key in keys), _sorted(stream.get("columns"))])
        if what in known:
            yield f"streams.{name}: it reads the rows of streams.{known[what]}, which would count twice; delete one"
        known.setdefault(what, name)


def _sorted(columns: object) -> object:
    return sorted(columns.items()) if isinstance(columns, dict) else columns


def _column_mistakes(stream: Mapping[str, Any]) -> list[str]:
    kind, columns = stream.get("kind"), stream.get("columns")
    roles = next((roles for name, roles in ROLES.items() if name == kind), ())
    if not roles or not isinstance(columns, dict):
        return []
    inputs = next((inputs for name, inputs in INPUTS.items() if name == kind), {})
    kinds = {role.name: role.type for role in roles} | inputs
    known = list(kinds)
    missing = [role.name for role in roles if role.is_required and role.name not in columns]
    unknown = [name for name in columns if name not in known]
    return (
        [f'no column is mapped to "{name}"' for name in missing]
        + [f'"{name}" is not known for kind {kind}, known are {", ".join(known)}' for name in unknown]
        + [
            f"{name} and {other} exclude each other"
            for name, other in INSTEAD_OF.items()
            if {name, other} <= columns.keys()
        ]
        + (list(daily_mistakes(columns)) if kind == "daily" else [])
        + [
            mistake
            for name, mapped in columns.items()
            if name in kinds and (mistake := mapping_mistake(name, kinds[name], mapped))
        ]
    )
