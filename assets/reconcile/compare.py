"""Step 9, beside the nights: which landings no longer equal their sources (R23), found without reading a row.

Each stream is asked once, in one snapshot, for the figures that its landings keep
(`assets/step1_extract/selects/figures.py`). Days whose figures differ have drifted. They are extracted again by the
ordinary steps, from step 1 on.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from assets.night.night import Night
from assets.step0_plan.plan import Run
from assets.step1_extract.extract import Reader, open_stream
from warehouse.condition import night_metrics
from warehouse.lake.kept import oldest_day
from warehouse.lake.landing import NO_ROWS, Figures, Landing
from warehouse.lake.proofs import add_proofs

LINES_PER_STREAM = 20


@dataclass(frozen=True)
class Drift:
    """A landing that no longer equals its source.

    Args:
        landing: the landing, with what the source said when it was extracted.
        now: what the source says now of the same days.
    """

    landing: Landing
    now: Mapping[str, Figures]

    def __str__(self) -> str:
        """Say which day, and what the source said and says."""
        where = f"{self.landing.stream} {self.landing.day}"
        if not self.landing.source:
            return f"{where}: landed before figures of the source were kept"
        return f"{where}: {'; '.join(self._differences())}"

    def _differences(self) -> Iterable[str]:
        for day, now in self.now.items():
            before = self.landing.source.get(day, NO_ROWS)
            names = [name for name in dict.fromkeys([*before, *now]) if before.get(name) != now.get(name)]
            differences = ", ".join(_difference(name, before.get(name), now.get(name)) for name in names)
            if differences:
                yield differences if day == self.landing.day.isoformat() else f"{differences} (the source's {day})"


@dataclass(frozen=True)
class Comparison:
    """What comparing the lake with its sources found.

    Args:
        drifts: landings that no longer equal their sources, by stream and day.
        proven: when each of the others was found to equal it, by stream and day, ISO 8601.
    """

    drifts: Sequence[Drift]
    proven: Mapping[tuple[str, date], str]

    def run(self, accepted: Iterable[str] = ()) -> Run:
        """Return the run that extracts the days that have drifted, and no others; there has to be one.

        Args:
            accepted: guards that an operator lets through.
        """
        days: dict[str, tuple[date, ...]] = {}
        for drift in self.drifts:
            days[drift.landing.stream] = (*days.get(drift.landing.stream, ()), drift.landing.day)
        every = [day for of_stream in days.values() for day in of_stream]
        return Run(min(every), max(every), accepted=tuple(accepted), days=days)


def compare(night: Night) -> Comparison:
    """Ask every source for its figures of the days that have landed, and remember which landings still equal them.

    Args:
        night: where the sources and the lake are.

    Returns:
        What was found; nothing before every stream has `first_day`. Days that a source has purged are compared with
        nothing.

    Raises:
        SourceDriftError, SourceUnavailableError: as `open_stream`; nothing is remembered then.
    """
    progress = night.progress
    if night.newest_day is None:
        return Comparison([], {})
    drifts: list[Drift] = []
    proven: dict[tuple[str, date], str] = {}
    for stream in night.configuration.event_streams:
        oldest = oldest_day(stream, night.landed)
        landings = [landing for landing in night.landings_of(stream.name, night.newest_day) if landing.day >= oldest]
        if not landings:
            continue
        with progress.step(stream.name) as summarize, open_stream(night.configuration, stream, progress) as reader:
            drifted = _drifted(reader, landings, oldest)
            summarize(f"{len(landings)} days compared with {stream.source}, {len(drifted)} drifted")
        equal = {landing.day for landing in landings} - {drift.landing.day for drift in drifted}
        proven.update({(stream.name, day): reader.taken_at.isoformat() for day in sorted(equal)})
        drifts += drifted
        for line in _lines(drifted):
            progress.note(line)
    add_proofs(night.lake, night.landings, proven)
    progress.note(f"{len(proven)} landings equal their sources" + (f", {len(drifts)} do not" if drifts else ""))
    drifted_days = Counter(drift.landing.stream for drift in drifts)
    by_stream = {stream.name: drifted_days[stream.name] for stream in night.configuration.event_streams}
    for line in night_metrics.write_comparison(night.configuration, len(proven), by_stream):
        progress.note(line)
    return Comparison(drifts, proven)


def _drifted(reader: Reader, landings: Sequence[Landing], oldest: date) -> list[Drift]:
    """Compare landings with their source, but not what they say of days before the oldest that it still has."""
    figures = reader.figures(landings[0].day, landings[-1].day)
    drifts = []
    for landing in landings:
        days = list(landing.source) or list(reader.figures_of(landing.day, figures))
        now = {day: figures.get(day, NO_ROWS) for day in days if day >= oldest.isoformat()}
        if not landing.source or any(figures_now != landing.source[day] for day, figures_now in now.items()):
            drifts.append(Drift(landing, now))
    return drifts


def _lines(drifts: Sequence[Drift]) -> Iterator[str]:
    yield from map(str, drifts[:LINES_PER_STREAM])
    if len(drifts) > LINES_PER_STREAM:
        yield f"{drifts[0].landing.stream}: and {len(drifts) - LINES_PER_STREAM} days more"


def _difference(name: str, before: str | None, now: str | None) -> str:
    """The value of a checksum means nothing to a reader."""
    if name == "checksum":
        return "checksum differs"
    return f"{name} {'none' if before is None else before} → {'none' if now is None else now}"
