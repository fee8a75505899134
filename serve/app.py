"""The Flask app: routes of a few lines each, and errors that are JSON whatever goes wrong (docs/reference/http.md)."""

import logging
from pathlib import Path

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from serve.credentials.credentials import Credentials
from serve.http import openapi, response_headers, url_spelling
from serve.http.access_log import AccessLog
from serve.http.answers import error_answer, json_text_answer
from serve.http.clients import Clients
from serve.http.cors import Cors
from serve.http.errors import CredentialError, UnansweredError
from serve.http.limits import Limits
from serve.operations import health
from serve.operations.metrics import Metrics
from serve.operations.troubles import Troubles
from serve.public import public
from serve.public.profiles import Profiles
from serve.version.erased import ErasedLearners
from serve.version.open_version import OpenVersion
from serve.version.pulse import learning_pulse, unknown_pulse
from serve.version.reader import Follower
from warehouse.configuration.configuration import Configuration
from warehouse.errors import NoVersionError
from warehouse.lake.lake import Lake
from warehouse.versions.versions import Warehouse

logger = logging.getLogger(__name__)
RETRY_AFTER_SECONDS = 60
UNANSWERED_SECONDS = 10
MEGABYTE = 1_000_000
PULSE = "/api/xp/learning-pulse"


def create_app(configuration: Configuration, shared: Path | None = None) -> Flask:
    """Return the app that serves a configuration's published version; none has to be there yet.

    Args:
        configuration: loaded with the section `auth`.
        shared: the folder where the workers of one server tell each other what they serve and count
            (`shared_metrics.share`).

    Raises:
        ConfigurationError: there is nothing that credentials can be checked with, or a store has no driver.
    """
    app = Flask(__name__, static_folder=None, template_folder=str(public.TEMPLATES))
    app.url_map.merge_slashes = False  # a path with two of them is unknown, not redirected to another
    url_spelling.register(app)
    app.extensions["follower"] = follower = Follower(
        Warehouse.of(configuration), configuration.serve.cache_mb * MEGABYTE
    )
    lake = Lake.of(configuration)
    erased, profiles = ErasedLearners(lake), Profiles(lake.profiles)
    troubles = Troubles(follower, lake, erased, profiles)
    app.extensions["metrics"] = metrics = Metrics(app, follower, shared, counted_route=PULSE, troubles=troubles.now)
    app.extensions["credentials"] = credentials = Credentials.of(configuration)

    Cors(configuration.serve.cors_origins).register(app)
    response_headers.register(app)
    limits = Limits(app, configuration.serve)
    troubles.of_limits = limits.trouble
    log = AccessLog(app.wsgi_app, Clients(configuration.serve.trusted_proxies))
    app.wsgi_app = log  # type: ignore[method-assign] # Flask's own way to put something around it

    @app.get(PULSE)
    @limits.count_refused
    def pulse() -> Response:
        caller = credentials.caller(request.headers)
        limits.count_own(caller.counted_as)
        with follower.version() as version:
            return _own_answer(version, caller.learner, is_erased=erased.now(version.erased).holds(caller.learner))

    public.register(app, configuration, follower, public.Files(erased, profiles), limits.count_public)

    health.register(app, follower)
    health.register_for_ops(app, configuration.serve, metrics, limits)
    openapi.register(app, configuration.serve)

    app.register_error_handler(CredentialError, _refused)
    app.register_error_handler(NoVersionError, _not_ready)
    app.register_error_handler(UnansweredError, _unanswered)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _internal_error)
    return app


def _own_answer(version: OpenVersion, learner: str, *, is_erased: bool) -> Response:
    """Answer a learner's pulse; a client that holds it already gets 304, and nothing is looked up.

    An erased learner is unknown from that moment on, also while a version with the learner is still in service.
    """
    tag = response_headers.etag(learner, f"{version.name}, erased" if is_erased else version.name)
    about = {"X-Data-Version": version.name, "X-Data-Through": version.data_through}
    if response_headers.has_fresh(tag):
        return response_headers.own(response_headers.not_modified(), tag, about)
    pulse = unknown_pulse(version) if is_erased else learning_pulse(version, learner)
    about |= {
        "X-Pulse-Complete-Through": version.complete_through(pulse.timezone),
        "X-Pulse-Timezone": pulse.timezone,
        "X-Pulse-Metric": version.level_metric,
        "X-Pulse-Cuts": ",".join(map(str, pulse.cuts)),
        "X-Pulse-Population": pulse.population,
    }
    if not pulse.is_known:
        about["X-Pulse-Learner"] = "unknown"
    return response_headers.own(json_text_answer(pulse.body), tag, about)


def _refused(error: CredentialError) -> Response:
    logger.info("%d %r: %s", error.status, request.path, error)
    g.refused = error.reason  # for the metrics
    response = error_answer(error.status, error.detail)
    response.headers.update(error.headers)
    return response


def _not_ready(error: NoVersionError) -> Response:
    logger.warning("503 %r: %s", request.path, error)
    response = error_answer(503, "No data has been published yet")
    response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def _unanswered(_: UnansweredError) -> Response:
    """Answer while it is not known what may be shown; the reason has been logged, once."""
    response = error_answer(503, "Data cannot be answered right now")
    response.headers["Retry-After"] = str(UNANSWERED_SECONDS)
    return response


def _http_error(error: HTTPException) -> Response:
    response = error_answer(error.code or 500, error.description or error.name)
    headers = [(name, value) for name, value in error.get_headers(request.environ) if name != "Content-Type"]
    response.headers.extend(headers)
    return response


def _internal_error(error: Exception) -> Response:
    """Answer with nothing but the request's id, under which the log has the error."""
    request_id = response_headers.request_id()
    logger.error("500 %r: request %s failed", request.path, request_id, exc_info=error)
    return error_answer(500, f"Internal server error, request {request_id}")
