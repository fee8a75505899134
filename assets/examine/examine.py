"""The order of `pulse check`: each source, then each stream that can be reached, then what is around them.

What fails in one of them hides nothing of the others. Nothing is written but rows in a temporary folder of the system,
which go with it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from duckdb import DuckDBPyConnection

from assets.examine.finding import Finding
from assets.examine.rows.learners import look_at_learners, look_at_lookup
from assets.examine.rows.sample import look_at_events
from assets.examine.source import look_at_source
from assets.examine.stream import look_at_stream
from assets.examine.surroundings import look_around
from assets.examine.workbench import Workbench
from assets.night.night import Night
from assets.step0_plan.plan import Run, days_to_extract
from assets.step1_extract.extract import open_stream
from warehouse import clock, engine
from warehouse.configuration.configuration import Configuration, Stream, load
from warehouse.configuration.sources.source_url import masked
from warehouse.configuration.streams import EVENT_KINDS
from warehouse.erasure.erased import erased_of
from warehouse.erasure.suppression import Suppressed
from warehouse.errors import ConfigurationError, PulseError
from warehouse.lake.lake import Lake
from warehouse.versions.versions import Warehouse


def examine(path: Path, only: str | None = None) -> Iterator[Finding]:
    """Yield what there is to say of a configuration's sources, streams and data folder.

    Args:
        path: the configuration file.
        only: the one stream to look at, with its source and without the data folder; by default all.

    Raises:
        ConfigurationError: the file has mistakes, or no such stream.
    """
    configuration = load(path)
    streams, shown = _needed(configuration, only)
    with TemporaryDirectory() as folder, engine.connect(Path(folder)) as connection:
        for finding in _Examination(configuration, streams, _bench(configuration, connection, Path(folder))).findings():
            if shown is None or finding.subject in shown:
                yield finding
    if only is None:
        yield from look_around(configuration)


def _needed(configuration: Configuration, only: str | None) -> tuple[list[Stream], set[str] | None]:
    """Return the streams to look at, learners first, and the subjects that are shown; None for all.

    The learners are read for every stream of events: who is unknown is told by them.
    """
    streams = configuration.streams.values()  # what several streams of learners have in common comes with the last
    learners_first = sorted(streams, key=lambda stream: (stream.kind in EVENT_KINDS, stream.name == only))
    if only is None:
        return learners_first, None
    if only not in configuration.streams:
        names = ", ".join(configuration.streams)
        raise ConfigurationError([f'there is no stream "{only}"; there are {names}'])
    needed = [stream for stream in learners_first if stream.name == only or stream.kind not in EVENT_KINDS]
    sources = {
        table.source for table in (configuration.streams[only], configuration.streams[only].lookup_table) if table
    }
    return needed, {f"stream {only}", *(f"source {name}" for name in sources)}


def _bench(configuration: Configuration, connection: DuckDBPyConnection, folder: Path) -> Workbench:
    users = configuration.users_streams
    return Workbench(
        connection,
        folder,
        _erased(configuration),
        configuration.pulse.quarantine_budget,
        frozenset(stream.name for stream in users),
        any(stream.merge for stream in users),
        configuration.zone_names,
    )


def _erased(configuration: Configuration) -> Suppressed:
    """Return the list of the erased; a list that is damaged is a finding of the lake."""
    try:
        return erased_of(Lake.of(configuration), Warehouse.of(configuration))
    except (PulseError, OSError):
        return Suppressed()


@dataclass(frozen=True)
class _Examination:
    """Sources and streams in their order.

    Args:
        configuration: of the streams, without the urls of their sources.
        streams: those to look at, learners first.
        bench: where rows are judged.
        resolved: the configuration of every source that can be reached, with its url.
    """

    configuration: Configuration
    streams: Sequence[Stream]
    bench: Workbench
    resolved: dict[str, Configuration] = field(default_factory=dict)

    def findings(self) -> Iterator[Finding]:
        tables = [*self.streams, *(table for stream in self.streams if (table := stream.lookup_table))]
        for name in dict.fromkeys(table.source for table in tables):
            yield from self._of_source(name, [table for table in tables if table.source == name])
        for stream in self.streams:
            if stream.lookup_table:
                yield from self._of_lookup(stream.lookup_table)
            if stream.source in self.resolved:
                yield from self._of_stream(stream, self.resolved[stream.source])
            else:
                message = f"not looked at, because source {stream.source} cannot be read"
                yield Finding(f"stream {stream.name}", "columns", "warning", message, "correct the source first")

    def _of_source(self, name: str, streams: Sequence[Stream]) -> list[Finding]:
        subject, path = f"source {name}", self.configuration.path
        try:
            configuration = self._spilling_elsewhere(load(path, ["sources"], only_source=name))
        except ConfigurationError as error:
            lines = [mistake.removeprefix(f"{path}: sources.{name}.") for mistake in error.mistakes]
            way_out = "correct the url, or set the variable where the nights run"
            return [Finding.of_error(subject, "connection", line, way_out) for line in lines]
        findings = _guarded(
            configuration, streams[0], (subject, "connection"), lambda: look_at_source(configuration, streams)
        )
        if findings[0].status != "failed":  # the first is the connection's
            self.resolved[name] = configuration
        return findings

    def _spilling_elsewhere(self, configuration: Configuration) -> Configuration:
        """Return a configuration by which nothing that DuckDB spills while it reads goes into the data folder."""
        pulse = configuration.pulse.model_copy(update={"data_dir": self.bench.folder})
        return configuration.model_copy(update={"pulse": pulse})

    def _of_lookup(self, table: Stream) -> Iterator[Finding]:
        """Look at the table that says whose the ids of a stream are, and remember whose they are."""
        subject, configuration = f"stream {table.name}", self.resolved.get(table.source)
        if configuration is None:
            message = f"its lookup {table.relation} was not looked at, because source {table.source} cannot be read"
            yield Finding(subject, "lookup", "warning", message, "correct the source first")
            return
        names = (subject, "lookup")
        findings = _guarded(configuration, table, names, lambda: look_at_stream(configuration, table))
        mistakes = [replace(finding, check="lookup") for finding in findings if finding.status != "ok"]
        yield from mistakes
        if not mistakes:
            yield from _guarded(configuration, table, names, lambda: self._of_rows(table, configuration))

    def _of_stream(self, stream: Stream, configuration: Configuration) -> Iterator[Finding]:
        """Look at a mapping, and if a night could read it at the rows."""
        subject = f"stream {stream.name}"
        findings = _guarded(configuration, stream, (subject, "columns"), lambda: look_at_stream(configuration, stream))
        yield from findings
        if all(finding.status != "failed" for finding in findings):
            yield from self._of_missing_files(stream, configuration)
            yield from _guarded(configuration, stream, (subject, "rows"), lambda: self._of_rows(stream, configuration))

    def _of_missing_files(self, stream: Stream, configuration: Configuration) -> list[Finding]:
        """Look whether the days that the next night would read have their files."""
        last = clock.last_day_over()
        if not stream.files or stream.kind not in EVENT_KINDS or last < self.configuration.pulse.first_day:
            return []

        def look() -> list[Finding]:
            days = days_to_extract(Night.of(self.configuration), Run(last, last), stream)
            with open_stream(configuration, stream, whatever_the_clock=True) as reader:
                reader.refuse_missing(days)
            return []

        return _guarded(configuration, stream, (f"stream {stream.name}", "files"), look)

    def _of_rows(self, stream: Stream, configuration: Configuration) -> list[Finding]:
        look = {"users": look_at_learners, "lookup": look_at_lookup}.get(stream.kind, look_at_events)
        with open_stream(configuration, stream, whatever_the_clock=True) as reader:
            return look(reader, self.bench)


def _guarded(
    configuration: Configuration, stream: Stream, names: tuple[str, str], look: Callable[[], list[Finding]]
) -> list[Finding]:
    """Return the findings of a look; whatever ends it is the finding, so that the next look goes on."""
    subject, check = names
    try:
        return look()
    except PulseError as error:
        line = str(error).removeprefix(f"stream {stream.name}: ").removeprefix(f"source {stream.source} failed: ")
        return [Finding.of_error(subject, check, line)]
    except Exception as error:  # noqa: BLE001 - whatever a library raises, others are still looked at
        reason = masked(" ".join(str(error).split()), configuration.sources[stream.source].url)
        message = f"it could not be looked at ({type(error).__name__}: {reason})"
        return [Finding(subject, check, "failed", message, "run `pulse nightly`, which may say more")]
