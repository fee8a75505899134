"""`pulse.toml`: read in one place, validated whole, and from then on one frozen object.

Every mistake of a file is reported in one message. `${NAME}` is the environment and is resolved only in the sections
that a command uses, so that the server needs no source passwords and the night no JWT secret.
"""

import codecs
import hashlib
import json
import os
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from warehouse.configuration.authentication import Auth, auth_mistakes, key_source
from warehouse.configuration.roles import TAGS, Composite, Filter, InColumns, Mapped, mapping_mistake
from warehouse.configuration.serving import Serve
from warehouse.configuration.source_drivers import url_mistakes
from warehouse.configuration.source_settings import RowSecurity
from warehouse.configuration.streams import EVENT_KINDS, INPUTS, INSTEAD_OF, ROLES, Kind
from warehouse.configuration.types import (
    CronLine,
    Day,
    Folder,
    HostName,
    NoSwitch,
    Query,
    Share,
    SourceUrl,
    Switch,
    Whole,
    ZoneName,
)
from warehouse.errors import ConfigurationError

PLACEHOLDER = re.compile(r"\$\{(\w+)\}")
MEANT_OTHERWISE = re.compile(r"\?|%[0-9a-fA-F]{2}")  # in a path, by DuckDB and by Dagster's SQLite
STREAM_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
RESERVED_STREAM_NAMES = {"activity", "ahead", "erasures", "sequence", "zones"}  # what the lake has beside streams
MOST_SECONDS = 7 * 24 * 3600  # MySQL and PostgreSQL count milliseconds in 32 bits
MOST_DAYS = 36_500
MOST_ROWS = 2**62  # what a database counts up to, and some room
MOST_VERSIONS = 10_000
KEYS_OF_LATER = ("query", "where")  # of a stream: what a mapping of the first release did not have

Section = Literal["sources", "auth", "serve"]


class _Part(BaseModel):
    """A part of the file: frozen, and a key that it does not know is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Schedule(_Part):
    """`[pulse.schedule]`: when the night runs."""

    cron: CronLine = "0 2 * * *"
    timezone: ZoneName = "UTC"


class Reconciliation(_Part):
    """`[pulse.reconcile]`: when everything that has landed is compared with its sources."""

    cron: CronLine = "0 4 * * 0"
    timezone: ZoneName = "UTC"


class Pulse(_Part):
    """`[pulse]`: the rules' parameters and where everything is kept."""

    data_dir: Folder = Path("var")
    group: str = ""
    first_day: Day
    lookback_days: Whole = Field(default=7, ge=0, le=MOST_DAYS)
    default_timezone: ZoneName = "UTC"
    level_metric: Literal["xp_earned", "learning_time"] = "xp_earned"
    min_active_days: Whole = Field(default=5, ge=1, le=MOST_DAYS)
    quarantine_budget: Share = 0.01
    shrink_budget: Share = 0.3
    shrink_base: Whole = Field(default=20, ge=1, le=MOST_ROWS)
    keep_versions: Whole = Field(default=7, ge=1, le=MOST_VERSIONS)
    ui_hosts: tuple[HostName, ...] = ()
    launchpad_accepts: Switch = False
    schedule: Schedule = Schedule()
    reconcile: Reconciliation = Reconciliation()


class Source(_Part):
    """`[sources.NAME]`: a database that we read and never write."""

    url: SourceUrl = Field(min_length=1)
    row_security: RowSecurity = "refuse"
    statement_timeout_seconds: Annotated[int, NoSwitch] = Field(default=3600, ge=1, le=MOST_SECONDS)

    @model_validator(mode="after")
    def _policies_are_of_postgresql(self) -> Self:
        is_another = "://" in self.url and not PLACEHOLDER.match(self.url) and not self.url.startswith("postgres")
        if self.row_security == "apply" and is_another:
            raise ValueError('row_security = "apply" is for PostgreSQL, which has policies; leave it out')
        return self

    @property
    def longest_statement(self) -> timedelta:
        """How long one statement may take."""
        return timedelta(seconds=self.statement_timeout_seconds)


class Stream(_Part):
    """`[streams.NAME]`: one kind of row, read from one table of a source, or by one query."""

    name: str
    kind: Kind
    source: str
    table: str | None = Field(default=None, min_length=1)
    query: Query | None = None
    timezone: ZoneName = "UTC"
    columns: dict[str, InColumns]
    where: tuple[Filter, ...] = ()

    @property
    def relation(self) -> str:
        """What the stream is read from, as messages name it: the table with its source, or the query."""
        return f"{self.source}.{self.table}" if self.table else f"its query in {self.source}"

    @property
    def tables(self) -> dict[str, Mapped | Composite]:
        """The roles that are mapped by a table or by several columns."""
        return {
            role: Composite(columns=mapped) if isinstance(mapped, tuple) else mapped
            for role, mapped in self.columns.items()
            if not isinstance(mapped, str)
        }

    @property
    def inputs(self) -> dict[str, str]:
        """The columns that are read, by role; a role of several columns has them as `event_id.1` and the like."""
        plain = {role: mapped for role, mapped in self.columns.items() if isinstance(mapped, str)}
        of_tables = {
            f"{role}{suffix}": name for role, mapped in self.tables.items() for suffix, name in mapped.inputs.items()
        }
        return plain | of_tables

    def columns_of(self, role: str) -> list[str]:
        """Return the columns that a role is read from."""
        return [name for label, name in self.inputs.items() if label.partition(".")[0] == role]

    @property
    def fingerprint(self) -> str:
        """The mapping in sixteen hex digits; landings made under another one are extracted again (R23).

        A key that came later and is at its default is left out: what landed before that key stays as it is.
        """
        mapping = self.model_dump(mode="json", by_alias=True)
        for key in KEYS_OF_LATER:
            if getattr(self, key) == type(self).model_fields[key].default:
                del mapping[key]
        return hashlib.sha256(json.dumps(mapping, sort_keys=True).encode()).hexdigest()[:16]


class Configuration(_Part):
    """The whole file, validated."""

    path: Path
    pulse: Pulse
    sources: dict[str, Source] = {}
    streams: dict[str, Stream] = {}
    auth: Auth | None = None
    serve: Serve = Serve()

    @property
    def data_dir(self) -> Path:
        """The folder that holds lake, warehouse and Dagster's files; relative to the configuration file."""
        return (self.path.parent / self.pulse.data_dir).resolve()

    @property
    def event_streams(self) -> list[Stream]:
        """The streams that have days, in the order of the file."""
        return [stream for stream in self.streams.values() if stream.kind in EVENT_KINDS]

    @property
    def users_stream(self) -> Stream:
        """The stream that says who the learners are."""
        return next(stream for stream in self.streams.values() if stream.kind == "users")


def configuration_path(argument: str | None = None) -> Path:
    """Return the file that is meant: the argument, else `PULSE_CONFIG`, else `pulse.toml` here."""
    return Path(argument or os.environ.get("PULSE_CONFIG") or "pulse.toml")


def load(path: Path, uses: Collection[Section] = ()) -> Configuration:
    """Read and validate a configuration file.

    Args:
        path: the TOML file.
        uses: the sections whose `${NAME}` are resolved, and must therefore be set, for the command at hand; with
            `auth` comes the one source in which API keys are looked up.

    Raises:
        ConfigurationError: with every mistake of the file.
    """
    document = _read(path)
    mistakes: list[str] = []
    for section in [name for name in ("auth", "serve") if name in uses and name in document]:
        document[section] = _resolved(document[section], section, mistakes)
    for name, source in _sources_in_use(document, uses):
        document["sources"][name] = _resolved(source, f"sources.{name}", mistakes)
    if not mistakes:  # what is not resolved is no URL yet
        mistakes += _url_mistakes(_sources_in_use(document, uses))
    mistakes += _stream_mistakes(document) + auth_mistakes(document)
    mistakes += _add_names(document, path)
    if "auth" in uses and "auth" not in document:
        mistakes.append("auth: missing, the server needs [auth] with a secret or a key set")
    try:
        configuration = Configuration.model_validate(document)
        mistakes += _folder_mistakes(configuration.data_dir)
    except ValidationError as error:
        mistakes += [_line(detail) for detail in error.errors()]
    if mistakes:
        raise ConfigurationError([f"{path}: {mistake}" for mistake in dict.fromkeys(mistakes)])
    return configuration


def _read(path: Path) -> dict[str, Any]:
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


def _resolved(value: Any, where: str, mistakes: list[str]) -> Any:  # noqa: ANN401 - TOML holds anything
    """Return `value` with every `${NAME}` replaced; a name that is not set becomes a mistake."""
    if isinstance(value, dict):
        return {key: _resolved(inner, f"{where}.{key}", mistakes) for key, inner in value.items()}
    if isinstance(value, list):
        return [_resolved(inner, where, mistakes) for inner in value]
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


def _url_mistakes(sources: Sequence[tuple[str, Mapping[str, Any]]]) -> list[str]:
    """Return what is wrong about the URLs of resolved sources."""
    urls = [(name, source.get("url")) for name, source in sources]
    return [
        f"sources.{name}.url: {mistake}" for name, url in urls if isinstance(url, str) for mistake in url_mistakes(url)
    ]


def _sources_in_use(document: Mapping[str, Any], uses: Collection[Section]) -> list[tuple[str, dict[str, Any]]]:
    """Return the sources that a command asks: the night all but the key store's own, the server that one alone."""
    read = {stream.get("source") for _, stream in _tables(document, "streams") if isinstance(stream.get("source"), str)}
    store = key_source(document)
    return [
        (name, source)
        for name, source in _tables(document, "sources")
        if ("auth" in uses and name == store) or ("sources" in uses and (name in read or name != store))
    ]


def _add_names(document: dict[str, Any], path: Path) -> list[str]:
    """Tell the file its path and each stream its name; whoever writes these keys into the file is told that too."""
    mistakes = ["path: unknown key"] if "path" in document else []
    document["path"] = path.absolute()
    for name, stream in _tables(document, "streams"):
        mistakes += [f"streams.{name}.name: unknown key"] if "name" in stream else []
        stream["name"] = name
    return mistakes


def _tables(document: Mapping[str, Any], section: str) -> Iterator[tuple[str, dict[str, Any]]]:
    tables = document.get(section)
    if isinstance(tables, dict):
        yield from ((name, table) for name, table in tables.items() if isinstance(table, dict))


def _stream_mistakes(document: Mapping[str, Any]) -> list[str]:
    """What no single field shows: names, sources that do not exist, columns that a kind lacks or does not know."""
    sources = {name for name, _ in _tables(document, "sources")}
    streams = dict(_tables(document, "streams"))
    mistakes = []
    for name, stream in streams.items():
        where = f"streams.{name}"
        if not STREAM_NAME.fullmatch(name) or name in RESERVED_STREAM_NAMES:
            mistakes.append(f"{where}: a stream is named with a-z, 0-9 and _, and not {sorted(RESERVED_STREAM_NAMES)}")
        source = stream.get("source")
        if isinstance(source, str) and source not in sources:
            mistakes.append(f'{where}.source: unknown source "{source}", there is no [sources.{source}]')
        if "table" not in stream and "query" not in stream:
            mistakes.append(f"{where}.table: missing")
        if "table" in stream and "query" in stream:
            mistakes.append(f"{where}: it has a table and a query; leave one of them")
        mistakes += [f"{where}.columns: {mistake}" for mistake in _column_mistakes(stream)]
    mistakes += _twins(streams)
    kinds = [stream.get("kind") for stream in streams.values()]
    if kinds.count("users") != 1:
        mistakes.append(f'streams: exactly one stream of kind "users" is needed, found {kinds.count("users")}')
    if not any(kind in EVENT_KINDS for kind in kinds):
        mistakes.append(f"streams: at least one stream of a kind among {', '.join(EVENT_KINDS)} is needed")
    return mistakes


def _twins(streams: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Yield the streams that would count every row of another one once more."""
    known: dict[str, str] = {}
    for name, stream in streams.items():
        if stream.get("kind") not in EVENT_KINDS:
            continue
        keys = ("kind", "source", "table", "query", "where")
        what = repr([*(stream.get(key) for key in keys), _sorted(stream.get("columns"))])
        if what in known:
            yield f"streams.{name}: it reads the rows of streams.{known[what]}, which would count twice; delete one"
        known.setdefault(what, name)


def _sorted(columns: object) -> object:
    return sorted(columns.items()) if isinstance(columns, dict) else columns


def _folder_mistakes(data_dir: Path) -> list[str]:
    """What in the name of the data folder would be taken for something else; all other characters are fine."""
    match = MEANT_OTHERWISE.search(str(data_dir))
    way_out = "DuckDB and Dagster take that for a part of a URL; choose a folder without it"
    return [f'pulse.data_dir: "{match[0]}" stands in {data_dir}, {way_out}'] if match else []


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
        + [
            mistake
            for name, mapped in columns.items()
            if name in kinds and (mistake := mapping_mistake(name, kinds[name], mapped))
        ]
    )


def _line(detail: Any) -> str:  # noqa: ANN401 - pydantic's ErrorDetails is a TypedDict with optional parts
    where = ".".join(str(part) for part in detail["loc"] if part not in TAGS)
    if detail["type"] == "extra_forbidden":
        return f"{where}: unknown key"
    if detail["type"] == "missing":
        return f"{where}: missing"
    return f"{where}: {detail['msg'].removeprefix('Value error, ')}"
