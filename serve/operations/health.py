"""Health of the server: for what starts and stops it, and, with the `ops_token`, for its operators.

See docs/reference/metrics.md.

`/health` and `/health/ready` say only yes or no, to everybody. `/health/detailed` and `/metrics` exist only if a token
is configured, and need it.
"""

import hmac
from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from flask import Flask, Response, request
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from serve.http.answers import json_answer
from serve.http.errors import Reason, RefusedError
from serve.http.limits import Limits
from serve.operations.metrics import Metrics
from serve.operations.workers import Worker
from serve.version.reader import Follower
from warehouse.clock import TOLERANCE
from warehouse.configuration.surroundings.serving import Serve
from warehouse.versions.pin import Pin

UNKNOWN_SHARE = 0.05  # more answers than this for learners whom the version does not know are worth a warning ...
FEWEST_ANSWERS = 20  # ... once there were so many answers
HOUR_SECONDS = 3600
CLOCKS_DIFFER_HOURS = -TOLERANCE.total_seconds() / HOUR_SECONDS


def register(app: Flask, follower: Follower) -> None:
    """Give an app the routes that anybody may ask.

    Args:
        app: the app.
        follower: what it serves.
    """

    @app.get("/health")
    def health() -> Response:
        return _fresh(json_answer({"status": "ok"}))

    @app.get("/health/ready")
    def ready() -> Response:
        with follower.version():
            return _fresh(json_answer({"status": "ready"}))


def register_for_ops(app: Flask, serve: Serve, metrics: Metrics, limits: Limits) -> None:
    """Give an app the routes for bearers of the `ops_token`; without one there are none.

    Args:
        app: the app.
        serve: what is configured.
        metrics: what is counted.
        limits: who asks with a wrong token too often has to wait.
    """
    if not serve.ops_token:
        return

    @app.get("/health/detailed")
    @limits.count_refused
    def detailed() -> Response:
        _ask_for(serve.ops_token)
        metrics.tell()
        workers, now = metrics.workers.all_workers(), metrics.clock()
        hung = metrics.workers.hung()
        return _fresh(json_answer(about(workers, now, serve.max_age_hours, metrics.pin, hung)))

    @app.get("/metrics")
    @limits.count_refused
    def prometheus() -> Response:
        _ask_for(serve.ops_token)
        return _fresh(Response(metrics.text(), content_type=CONTENT_TYPE_PLAIN_0_0_4))


def about(
    workers: Sequence[Worker],
    now: float,
    max_age_hours: float,
    pin: Pin | None = None,
    hung: Collection[int] = (),
) -> dict[str, Any]:
    """Return the body of `/health/detailed`.

    Args:
        workers: all of them, first the one that answers.
        now: the present, in seconds since 1970.
        max_age_hours: a version that was published longer ago is stale; so is one that a clock ahead of ours made.
        pin: what the pointer is pinned to.
        hung: the process ids of workers that do not answer.
    """
    me = workers[0]
    age = (now - datetime.fromisoformat(me.built_at).timestamp()) / HOUR_SECONDS if me.built_at else None
    is_stale = None if age is None else not CLOCKS_DIFFER_HOURS <= age <= max_age_hours
    refused = {name: details for worker in workers for name, details in worker.refused.items()}
    alike = [worker for worker in workers if worker.version == me.version]
    answered, unknown = sum(worker.answered for worker in alike), sum(worker.unknown for worker in alike)
    unknown_share = unknown / answered if answered else 0.0
    warnings = {
        "nothing_served": any(worker.version is None for worker in workers),
        "stale": bool(is_stale),
        "pinned": pin is not None,
        "refused_versions": bool(refused),
        "lookup_file_dropped": any(worker.lookup_dropped for worker in workers),
        "workers_differ": len(alike) < len(workers),
        "version_warnings": bool(me.warnings),
        "workers_hang": any(worker.pid in hung for worker in workers),
        "unknown_learners": answered >= FEWEST_ANSWERS and unknown_share > UNKNOWN_SHARE,
        **{trouble: True for worker in workers for trouble in worker.troubles},
    }
    return {
        "status": "warning" if any(warnings.values()) else "ok",
        "warnings": [name for name, holds in warnings.items() if holds],
        "version": me.version,
        "data_through": me.data_through,
        "built_at": _utc(me.built_at),
        "age_hours": None if age is None else round(age, 2),
        "stale": is_stale,
        "pin": pin and asdict(pin),
        "version_warnings": list(me.warnings),
        "refused": [{"version": name, **details} for name, details in sorted(refused.items())],
        "lookup_file_dropped": next((worker.lookup_dropped for worker in workers if worker.lookup_dropped), None),
        "last_switch": me.last_switch,
        "lookups": {"answered": answered, "unknown": unknown, "unknown_share": round(unknown_share, 4)},
        "workers": [{"pid": worker.pid, "version": worker.version} for worker in workers],
    }


def _ask_for(token: str) -> None:
    """Refuse requests without this token.

    Raises:
        RefusedError: the request brings no token, or another one.
    """
    scheme, _, given = (request.headers.get("Authorization") or "").partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip(" ").encode(), token.encode()):
        raise RefusedError(Reason.OPS_TOKEN, "not the ops_token")


def _fresh(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


def _utc(instant: str | None) -> str | None:
    return None if instant is None else f"{datetime.fromisoformat(instant).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
