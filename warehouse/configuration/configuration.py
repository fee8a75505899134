"""`pulse.toml`: read in one place, validated whole, and from then on one frozen object.

Every mistake of a file is reported in one message. `${NAME}` is the environment and is resolved only in the sections
that a command uses, so that the server needs no source passwords and the night no JWT secret.
"""

import hashlib
import json
import os
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from warehouse.configuration.authentication import Auth, auth_mistakes, key_source
from warehouse.configuration.documents import PLACEHOLDER, read, resolved, tables
from warehouse.configuration.learners.experience import Experience
from warehouse.configuration.learners.lookups import Lookup, lookup_source
from warehouse.configuration.learners.zone_names import ZoneNames
from warehouse.configuration.retention import KEYS_OF_READING, LongSessions
from warehouse.configuration.roles import TAGS, Composite, Filter, InColumns, Mapped, Spelling
from warehouse.configuration.sources.source_drivers import url_mistakes
from warehouse.configuration.sources.source_settings import RowSecurity
from warehouse.configuration.stream_mistakes import add_names, add_source_of_files, stream_mistakes
from warehouse.configuration.streams import ACTIVITY_KINDS, EVENT_KINDS, Kind, has_own_dates
from warehouse.configuration.surroundings.alerts import Alerts
from warehouse.configuration.surroundings.quests import Quests
from warehouse.configuration.surroundings.serving import Serve
from warehouse.configuration.surroundings.targets import Target
from warehouse.configuration.types import (
    CronLine,
    Day,
    Files,
    Folder,
    HostName,
    NoSwitch,
    Owner,
    Query,
    Share,
    SourceUrl,
    Switch,
    Whole,
    ZoneName,
)
from warehouse.errors import ConfigurationError

MEANT_OTHERWISE = re.compile(r"\?|%[0-9a-fA-F]{2}")  # in a path, by DuckDB and by Dagster's SQLite
MOST_SECONDS = 7 * 24 * 3600  # MySQL and PostgreSQL count milliseconds in 32 bits
MOST_DAYS = 36_500
MOST_ROWS = 2**62  # what a database counts up to, and some room
MOST_VERSIONS = 10_000
# Of a stream: what a mapping of the first release did not have.
KEYS_OF_LATER = ("query", "where", "files", "hive", "longer_than_24h", "merge", "zone_names")
KEYS_OF_LATER_ROLES = ("date", "format", "lookup")  # of a role's table: what the first such tables did not have

Section = Literal["sources", "auth", "serve", "alerts"]


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
    profile: Switch = True
    by_stream: Switch = False
    owners: tuple[Owner, ...] = ()
    metrics_dir: Folder | None = None
    publish_to: tuple[Target, ...] = ()
    dagster_yaml: Folder | None = None
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
    """`[streams.NAME]`: one kind of row, read from one table of a source, by one query, or from files."""

    name: str
    kind: Kind
    source: str
    table: str | None = Field(default=None, min_length=1)
    query: Query | None = None
    files: Files | None = None
    hive: Switch = False
    timezone: ZoneName = "UTC"
    columns: dict[str, InColumns]
    where: tuple[Filter, ...] = ()
    longer_than_24h: LongSessions = "quarantine"
    keeps_days: Whole | None = Field(default=None, ge=1, le=MOST_DAYS)
    moves: Switch = False
    merge: Switch = False
    zone_names: ZoneNames = {}

    @property
    def relation(self) -> str:
        """What the stream is read from, as messages name it: the table with its source, the query or the files."""
        if self.files is not None:
            return f"its files {self.files}"
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

    @property
    def has_own_dates(self) -> bool:
        """Whether its rows are of the learner's own dates, not of instants (R5)."""
        return has_own_dates(self.kind, self.columns)

    def columns_of(self, role: str) -> list[str]:
        """Return the columns that a role is read from."""
        return [name for label, name in self.inputs.items() if label.partition(".")[0] == role]

    @property
    def spelling(self) -> Spelling:
        """How ids of learners are spelled in it (R26)."""
        mapped = self.columns.get("user_id")
        return mapped if isinstance(mapped, Mapped) else Spelling()

    @property
    def lookup(self) -> Lookup | None:
        """The table that says whose the ids of events are, None if they are learners' own."""
        mapped = self.columns.get("user_id")
        return mapped.lookup if isinstance(mapped, Mapped) else None

    @property
    def lookup_table(self) -> "Stream | None":
        """The lookup's table as it is read, by the same means as a stream; None without one."""
        mapped = self.columns.get("user_id")
        if not isinstance(mapped, Mapped) or mapped.lookup is None:
            return None
        lookup = mapped.lookup
        columns: dict[str, Mapped] = {
            "key": mapped.model_copy(update={"column": lookup.key}),
            "user_id": Mapped(column=lookup.value, prefix=mapped.prefix),
        }
        table = {"source": lookup.source, "table": lookup.table, "columns": columns}
        return Stream.model_construct(name=self.name, kind="lookup", **table)  # type: ignore[arg-type] # not of the file

    @property
    def fingerprint(self) -> str:
        """The mapping in sixteen hex digits; landings made under another one are extracted again (R23).

        A key that came later and is at its default is left out: what landed before that key stays as it is. Keys that
        only say which days are read are never in it.
        """
        mapping = self.model_dump(mode="json", by_alias=True, exclude=set(KEYS_OF_READING))
        for key in KEYS_OF_LATER:
            if getattr(self, key) == type(self).model_fields[key].default:
                del mapping[key]
        for table in [table for table in mapping["columns"].values() if isinstance(table, dict)]:
            for key in KEYS_OF_LATER_ROLES:
                if table[key] == Mapped.model_fields[key].default:
                    del table[key]
        return hashlib.sha256(json.dumps(mapping, sort_keys=True).encode()).hexdigest()[:16]


class Configuration(_Part):
    """The whole file, validated."""

    path: Path
    pulse: Pulse
    sources: dict[str, Source] = {}
    streams: dict[str, Stream] = {}
    xp: Experience = Experience()
    quests: Quests = {}
    auth: Auth | None = None
    serve: Serve = Serve()
    alerts: Alerts = Alerts()

    @property
    def data_dir(self) -> Path:
        """The folder that holds lake, warehouse and Dagster's files; relative to the configuration file."""
        return (self.path.parent / self.pulse.data_dir).resolve()

    @property
    def metrics_dir(self) -> Path | None:
        """The folder for what nights say to Prometheus; relative to the configuration file. None if there is none."""
        return self.pulse.metrics_dir and (self.path.parent / self.pulse.metrics_dir).resolve()

    @property
    def learning_time_scope(self) -> str:
        """The scope that an API key needs for learning time; empty if it needs none."""
        return self.auth.api_keys.learning_time_scope if self.auth and self.auth.api_keys else ""

    @property
    def dagster_yaml(self) -> Path | None:
        """The file with keys of one's own for Dagster's instance; relative to the configuration file."""
        return self.pulse.dagster_yaml and (self.path.parent / self.pulse.dagster_yaml).resolve()

    @property
    def event_streams(self) -> list[Stream]:
        """The streams that have days, in the order of the file."""
        return [stream for stream in self.streams.values() if stream.kind in EVENT_KINDS]

    @property
    def activity_streams(self) -> list[Stream]:
        """The event streams that activity is made from."""
        return [stream for stream in self.streams.values() if stream.kind in ACTIVITY_KINDS]

    @property
    def freezes_streams(self) -> list[Stream]:
        """The event streams that say which dates savers cover (R27)."""
        return [stream for stream in self.streams.values() if stream.kind == "freezes"]

    @property
    def has_own_dates(self) -> bool:
        """Whether a stream of activity has rows of learners' own dates (R5)."""
        return any(stream.has_own_dates for stream in self.activity_streams)

    @property
    def users_streams(self) -> list[Stream]:
        """The streams that say who the learners are, in the order of the file."""
        return [stream for stream in self.streams.values() if stream.kind == "users"]

    @property
    def lookup_tables(self) -> list[Stream]:
        """The tables that say whose the ids of events are, each as it is read for a stream."""
        return [table for stream in self.event_streams if (table := stream.lookup_table)]

    @property
    def zone_names(self) -> dict[str, str]:
        """The IANA zone of each name that applications have for a zone (R4), of all streams of learners."""
        return {name: zone for stream in self.users_streams for name, zone in stream.zone_names.items()}

    @property
    def prefixes(self) -> frozenset[str]:
        """The prefixes that users streams put before their ids; empty where none does (R26)."""
        return frozenset(stream.spelling.prefix for stream in self.users_streams if stream.spelling.prefix)


def configuration_path(argument: str | None = None) -> Path:
    """Return the file that is meant: the argument, else `PULSE_CONFIG`, else `pulse.toml` here."""
    return Path(argument or os.environ.get("PULSE_CONFIG") or "pulse.toml")


def load(path: Path, uses: Collection[Section] = (), *, only_source: str | None = None) -> Configuration:
    """Read and validate a configuration file.

    Args:
        path: the TOML file.
        uses: the sections whose `${NAME}` are resolved, and must therefore be set, for the command at hand; with
            `auth` comes the one source in which API keys are looked up.
        only_source: the one source that is resolved, where a mistake of one must not hide the others.

    Raises:
        ConfigurationError: with every mistake of the file.
    """
    document = read(path)
    mistakes: list[str] = []
    for section in [name for name in ("auth", "serve", "alerts") if name in uses and name in document]:
        document[section] = resolved(document[section], section, mistakes)
    for name, source in _sources_in_use(document, uses, only_source):
        document["sources"][name] = resolved(source, f"sources.{name}", mistakes)
    if not mistakes:  # what is not resolved is no URL yet
        mistakes += _url_mistakes(_sources_in_use(document, uses, only_source))
    mistakes += add_source_of_files(document)
    mistakes += stream_mistakes(document, _lookback_days(document)) + auth_mistakes(document)
    mistakes += add_names(document, path)
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


def _url_mistakes(sources: Sequence[tuple[str, Mapping[str, Any]]]) -> list[str]:
    """Return what is wrong about the URLs of resolved sources."""
    urls = [(name, source.get("url")) for name, source in sources]
    return [
        f"sources.{name}.url: {mistake}" for name, url in urls if isinstance(url, str) for mistake in url_mistakes(url)
    ]


def _sources_in_use(
    document: Mapping[str, Any], uses: Collection[Section], only: str | None
) -> list[tuple[str, dict[str, Any]]]:
    """Return the sources that a command asks: the night all but the key store's own, the server that one alone."""
    streams = [stream for _, stream in tables(document, "streams")]
    read = {stream.get("source") for stream in streams if isinstance(stream.get("source"), str)}
    read |= {source for stream in streams if (source := lookup_source(stream))}
    store = key_source(document)
    return [
        (name, source)
        for name, source in tables(document, "sources")
        if ("auth" in uses and name == store) or ("sources" in uses and (name in read or name != store))
        if only is None or name == only
    ]


def _lookback_days(document: Mapping[str, Any]) -> object:
    pulse = document.get("pulse")
    default = Pulse.model_fields["lookback_days"].default
    return pulse.get("lookback_days", default) if isinstance(pulse, dict) else default


def _folder_mistakes(data_dir: Path) -> list[str]:
    """What in the name of the data folder would be taken for something else; all other characters are fine."""
    match = MEANT_OTHERWISE.search(str(data_dir))
    way_out = "DuckDB and Dagster take that for a part of a URL; choose a folder without it"
    return [f'pulse.data_dir: "{match[0]}" stands in {data_dir}, {way_out}'] if match else []


def _line(detail: Any) -> str:  # noqa: ANN401 - pydantic's ErrorDetails is a TypedDict with optional parts
    where = ".".join(str(part) for part in detail["loc"] if part not in TAGS)
    if detail["type"] == "extra_forbidden":
        return f"{where}: unknown key"
    if detail["type"] == "missing":
        return f"{where}: missing"
    return f"{where}: {detail['msg'].removeprefix('Value error, ')}"
