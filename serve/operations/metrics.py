"""The metrics for Prometheus, over all workers of a server (docs/reference/metrics.md).

Requests are counted under their route's rule, never under a path, which has names in it. Refused credentials are
counted under one of the reasons in `serve/http/errors.py`. Counts are summed through the files of prometheus_client's
multiprocess mode, in a folder of the server. Without one, as in a test, an app counts for itself.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask, Response, request
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from serve.http import log_lines
from serve.http.access_log import BEGAN
from serve.http.errors import Reason
from serve.operations.shared_metrics import WorkersCollector
from serve.operations.workers import Workers
from serve.version.reader import Follower
from warehouse.versions.pin import Pin

if TYPE_CHECKING:
    from serve.version.leases import Switch

LATENCY_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
UNMATCHED = "unmatched"  # the route of whatever no route takes
OK = 200


class Metrics:
    """The counts of an app.

    Args:
        app: whose requests are counted.
        follower: what it serves.
        folder: as `shared_metrics.share` returned it; None if that was not called.
        counted_routes: the rules of the routes whose answers are lookups.
        troubles: finds what is wrong with the files beside the version.
        clock: the present, in seconds since 1970.
    """

    def __init__(  # noqa: PLR0913 - the last two have defaults, for tests
        self,
        app: Flask,
        follower: Follower,
        folder: Path | None = None,
        *,
        counted_routes: Iterable[str],
        troubles: Callable[[], list[str]] = list,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.workers, self.clock = Workers(follower, folder, troubles), clock
        self._follower, self._folder, self._counted_routes = follower, folder, frozenset(counted_routes)
        self._telling = threading.Lock()  # the thread that follows tells, and so do requests
        self._seen: Switch | None = None
        self._own = own = CollectorRegistry()
        self._now = Now(self)
        self._requests = Counter("pulse_requests", "Answers.", ["route", "status"], registry=own)
        self._seconds = Histogram(
            "pulse_request_seconds", "Time to answer.", ["route"], registry=own, buckets=LATENCY_SECONDS
        )
        self._lookups = Counter(
            "pulse_lookups",
            "Own answers looked up, by whether the version knows the learner.",
            ["learner"],
            registry=own,
        )
        self._refused = Counter("pulse_refused", "Credentials that were not enough.", ["reason"], registry=own)
        self._switches = Counter("pulse_switches", "Versions put into service; every worker counts.", registry=own)
        self._unlogged = Counter("pulse_log_lines_dropped", "Log lines that stdout did not take.", registry=own)
        self._dropped = 0
        self._bound, self._bound_lookups = cache(self._bind), cache(self._lookups.labels)
        app.after_request(self._count)

    def tell(self) -> None:
        """Count a switch that happened since, and let the other workers know what this one serves."""
        self._follower.refresh()
        with self._telling:
            if (switch := self._follower.last_switch) is not self._seen:
                self._seen = switch
                self._switches.inc()
            self._unlogged.inc((dropped := log_lines.dropped()) - self._dropped)
            self._dropped = dropped
            self.workers.publish()

    @property
    def pin(self) -> Pin | None:
        """What the pointer is pinned to."""
        return self._follower.pin

    def text(self) -> bytes:
        """Return everything in Prometheus's words."""
        self.tell()
        registry = CollectorRegistry()
        registry.register(self._now)
        if self._folder is None:
            return generate_latest(registry) + generate_latest(self._own)
        registry.register(WorkersCollector(self._own, self._folder))
        return generate_latest(registry)

    def count_refused(self, reason: Reason) -> None:
        """Count a credential that was not enough."""
        self._refused.labels(str(reason)).inc()

    def count(self, route: str, status: int, began: float) -> None:
        """Count an answer.

        Args:
            route: its rule.
            status: its status.
            began: when its request did, by `time.perf_counter`.
        """
        answers, seconds = self._bound(route, status)
        answers.inc()
        seconds.observe(time.perf_counter() - began)

    def count_lookup(self, version: str, *, is_known: bool) -> None:
        """Count an own answer from a version, and whether that knows the learner."""
        self._bound_lookups("known" if is_known else "unknown").inc()
        self.workers.count_lookup(version, is_known=is_known)

    def _count(self, response: Response) -> Response:
        rule = request.url_rule
        route, status = rule.rule if rule else UNMATCHED, response.status_code
        self.count(route, status, request.environ[BEGAN])
        if route in self._counted_routes and status == OK:
            is_known = response.headers.get("X-Pulse-Learner") != "unknown"
            self.count_lookup(response.headers["X-Data-Version"], is_known=is_known)
        return response

    def _bind(self, route: str, status: int) -> tuple[Counter, Histogram]:
        """Return what counts a route's answers of a status; there are few of both, and finding them costs."""
        return self._requests.labels(route, str(status)), self._seconds.labels(route)


class Now(Collector):
    """The gauges at the moment of a scrape: the age of the data, and how many workers serve something.

    Args:
        metrics: knows the workers and the clock.
    """

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        """Return the gauges; those of a version only while one is served."""
        workers, now = self._metrics.workers.all_workers(), self._metrics.clock()
        refused = {name for worker in workers for name in worker.refused}
        yield GaugeMetricFamily("pulse_workers", "Workers of this server.", len(workers))
        hung = self._metrics.workers.hung()
        ready = sum(worker.version is not None and worker.pid not in hung for worker in workers)
        yield GaugeMetricFamily("pulse_workers_ready", "Workers that answer, and serve a version.", ready)
        yield GaugeMetricFamily("pulse_pinned", "Whether a pin holds newer versions back.", bool(self._metrics.pin))
        warnings = max((len(worker.warnings) for worker in workers), default=0)
        yield GaugeMetricFamily("pulse_version_warnings", "Warnings of a served version.", warnings)
        yield GaugeMetricFamily("pulse_versions_refused", "Versions that a worker refuses.", len(refused))
        dropped = sum(worker.lookup_dropped is not None for worker in workers)
        yield GaugeMetricFamily("pulse_lookup_files_dropped", "Workers that answer without a look-up file.", dropped)
        through = [worker.data_through for worker in workers if worker.data_through]
        built = [worker.built_at for worker in workers if worker.built_at]
        if through and built:
            age = now - _seconds(min(through))
            yield GaugeMetricFamily("pulse_data_age_seconds", "Since the end of the oldest served version's data.", age)
            age = now - min(map(_seconds, built))
            yield GaugeMetricFamily("pulse_version_age_seconds", "Since the oldest served version was published.", age)


def _seconds(instant: str) -> float:
    return datetime.fromisoformat(instant).timestamp()
