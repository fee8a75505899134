"""What a night knows: the configuration, lake and warehouse, the landings, and the newest day.

Each of these is read once, when it is first asked for, and handed from step to step. A step that has written hands on
`read_again`. Publishing begins with `read_anew`: it relies on nothing that an earlier step has read.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Self

import duckdb

from assets.night.progress import Progress
from warehouse import engine
from warehouse.configuration.configuration import Configuration
from warehouse.erasure.erased import erased_of
from warehouse.erasure.suppression import Suppressed
from warehouse.lake.days import newest_day
from warehouse.lake.kept import counting
from warehouse.lake.lake import Lake
from warehouse.lake.landing import Landing
from warehouse.versions.versions import Warehouse


@dataclass(frozen=True)
class Night:
    """The state of a data folder at a moment.

    Args:
        configuration: the streams, the rules' parameters, and with `sources` how to reach them.
        lake: what has landed and was rolled up.
        warehouse: what was built and published.
        progress: where the steps report how far they are.
    """

    configuration: Configuration
    lake: Lake
    warehouse: Warehouse
    progress: Progress = field(default_factory=Progress)

    @classmethod
    def of(cls, configuration: Configuration, progress: Progress | None = None) -> Self:
        """Return the night of a configuration; nothing has been read yet."""
        return cls(configuration, Lake.of(configuration), Warehouse.of(configuration), progress or Progress())

    @cached_property
    def landings(self) -> Mapping[tuple[str, date], Landing]:
        """Every landing that counts, by stream and UTC day (`Lake.landings`)."""
        return counting(self.configuration, self.landed)

    @cached_property
    def landed(self) -> Mapping[tuple[str, date], Landing]:
        """Every landing, under whatever mapping, by stream and UTC day (`Lake.landed`)."""
        return self.lake.landed(self.configuration)

    @cached_property
    def newest_day(self) -> date | None:
        """The last UTC day up to which every stream has landed; None before every stream has `first_day` (R25)."""
        return newest_day(self.configuration, self.landings)

    def landings_of(self, stream: str, until: date) -> list[Landing]:
        """Return the landings of a stream up to a UTC day, in the order of their days."""
        days = sorted(day for name, day in self.landings if name == stream and day <= until)
        return [self.landings[stream, day] for day in days]

    def read_again(self) -> Self:
        """Return what is known after something was written; files that are still the same are not read twice."""
        return replace(self)

    def read_anew(self) -> Self:
        """Return what is known by reading everything once more."""
        return replace(self, lake=self.lake.anew(), warehouse=Warehouse.of(self.configuration))

    def erased_learners(self) -> Suppressed:
        """Return the list of erased learners, as `erased_of`; it is read at every call."""
        return erased_of(self.lake, self.warehouse)

    @contextmanager
    def connect(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open a connection that computes (`engine.connect`), and spills into the data folder."""
        with engine.connect(self.configuration.data_dir / "tmp") as connection:
            yield connection
