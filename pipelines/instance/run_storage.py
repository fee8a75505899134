"""Where Dagster keeps its runs: its own SQLite file, kept open. `dagster.yaml` names the class, a supported hook.

What it extends is Dagster's own and not public, as in `event_log.py`.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Lock
from typing import Any, Self

from dagster._core.storage.runs import SqliteRunStorage
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, make_url

from pipelines.instance.kept_file import KeptFile, engine_of


class KeptRunStorage(SqliteRunStorage):
    """The same file and rows as the class it extends.

    Args:
        conn_string: the file, as SQLAlchemy names it.
        inst_data: what Dagster was configured with.
    """

    def __init__(self, conn_string: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._url, self._file = conn_string, make_url(conn_string).database or ""
        self._kept: KeptFile | None = None
        self._keeping = Lock()
        super().__init__(conn_string, inst_data)

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> Self:
        """Return the storage that `dagster.yaml` configures."""
        return cls.from_local(inst_data=inst_data, **config_value)

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """Yield a connection in a transaction."""
        with self._engine().begin() as connection:
            yield connection

    def dispose(self) -> None:
        """Close the file."""
        super().dispose()
        with self._keeping:
            self._close()

    def _engine(self) -> Engine:
        with self._keeping:
            if self._kept is None or not self._kept.is_still(self._file):
                self._close()
                self._kept = KeptFile.of(engine_of(self._url), self._file)
            return self._kept.engine

    def _close(self) -> None:
        if self._kept is not None:
            self._kept.engine.dispose()
        self._kept = None
