"""Counts of all workers of a server, in files of a folder that may fill up or vanish (FAULTS 72).

prometheus_client maps files without room on the disk for every page. On a full disk the first write to such a page
kills the process. So room is allocated before a file is mapped, and without room a worker counts in memory. Its own
counts come from its memory, those of other workers from their files if they can be read.
"""

import logging
import mmap
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, mmap_dict, values
from prometheus_client.core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.samples import Sample

logger = logging.getLogger(__name__)
FIRST_BYTES = 1 << 16  # as the library begins


class SurvivingDict(mmap_dict.MmapedDict):
    """The library's file of counts; without room for it, or for more of it, it goes on in memory.

    Args:
        filename: the file.
        read_mode: as the library has it; never used for what is read here.
    """

    _f: Any  # None in memory
    _m: Any  # there a bytearray

    def __init__(self, filename: str, read_mode: bool = False) -> None:  # noqa: FBT001, FBT002 - the library's
        try:
            _take_room(filename, FIRST_BYTES)
            super().__init__(filename, read_mode)  # type: ignore[no-untyped-call]
        except OSError as error:
            self._f, self._m, self._capacity = None, bytearray(FIRST_BYTES), FIRST_BYTES
            self._fname, self._positions, self._used = filename, {}, 8
            _say(error)

    def _init_value(self, key: str) -> None:
        needed = self._used + len(key.encode()) + 64
        while needed > self._capacity:
            self._grow()
        super()._init_value(key)  # type: ignore[no-untyped-call]

    def _grow(self) -> None:
        self._capacity *= 2
        if self._f is not None:
            try:
                _take_room(self._fname, self._capacity)
                self._m = mmap.mmap(self._f.fileno(), self._capacity)
            except OSError as error:
                _say(error)
                self._f.close()
                self._f = None
            else:
                return
        self._m = bytearray(self._m[:].ljust(self._capacity, b"\0"))


def share(folder: Path | None) -> Path | None:
    """Let what this process counts from now on be added up with the other workers'; before an app is made.

    The library decides this by the environment when it is first imported, which is too early here.

    Returns:
        The folder; None if there is none any more: then this process counts for itself.
    """
    if folder is None or not folder.is_dir():
        return None
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    values.MmapedDict = SurvivingDict  # type: ignore[attr-defined]
    values.ValueClass = values.MultiProcessValue()  # type: ignore[no-untyped-call]
    return folder


class WorkersCollector:
    """What all workers have counted, as a collector of the library.

    Args:
        own: what this one counts.
        folder: where the others do.
    """

    def __init__(self, own: CollectorRegistry, folder: Path) -> None:
        self._own, self._folder = own, folder

    def collect(self) -> Iterable[Metric]:
        """Return every metric once, with the sums of its samples."""
        sums: dict[str, tuple[Metric, dict[tuple[str, tuple[Any, ...]], float]]] = {}
        for metric in [*self._own.collect(), *self._of_other_workers()]:
            _, samples = sums.setdefault(metric.name, (metric, {}))
            for sample in metric.samples:
                key = sample.name, tuple(sorted(sample.labels.items()))
                samples[key] = samples.get(key, 0.0) + sample.value
        for metric, samples in sums.values():
            kept = [(name, labels, value) for (name, labels), value in samples.items() if not name.endswith("_created")]
            metric.samples = [Sample(name, dict(labels), value) for name, labels, value in kept]
            yield metric

    def _of_other_workers(self) -> Iterator[Metric]:
        own_suffix = f"_{os.getpid()}.db"
        for file in sorted(self._folder.glob("*.db")):
            if not file.name.endswith(own_suffix):
                try:
                    yield from MultiProcessCollector.merge([str(file)])  # type: ignore[no-untyped-call]
                except Exception as error:  # noqa: BLE001 - `struct.error` of a file cut short, or what else is in it
                    logger.debug("%s is not counted: %s", file, error)


def _take_room(filename: str, size: int) -> None:
    """Make a file so long, with room on the disk for every byte."""
    descriptor = os.open(filename, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.posix_fallocate(descriptor, 0, size)
    finally:
        os.close(descriptor)


def _say(error: OSError) -> None:
    logger.warning("counts are kept in memory, the temporary folder gives no room: %s", error)
