"""The Flask app: routes of a few lines each, and errors that are JSON whatever goes wrong (docs/reference/http.md)."""

import logging
from functools import partial
from pathlib import Path

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from serve.credentials.credentials import Credentials
from serve.door import Door
from serve.http import openapi, response_headers, url_spelling
from serve.http.access_log import AccessLog
from serve.http.answers import error_answer
from serve.http.clients import Clients
from serve.http.cors import Cors
from serve.http.errors import CredentialError, UnansweredError
from serve.http.limits import Limits
from serve.operations import health
from serve.operations.metrics import Metrics
from serve.operations.troubles import Troubles
from serve.own_answer import NOT_MODIFIED, OwnAnswers
from serve.own_route import OwnRoute, QueryError
from serve.profile import day
from serve.profile.day import asking_for
from serve.profile.routes import own_routes
from serve.public import element, public
from serve.public.profiles import Profiles
from serve.version.erased import ErasedLearners
from serve.version.open_version import NoProfileError
from serve.version.reader import Follower
from warehouse.configuration.configuration import Configuration
from warehouse.errors import NoVersionError
from warehouse.lake.lake import Lake
from warehouse.versions.versions import Warehouse

logger = logging.getLogger(__name__)
RETRY_AFTER_SECONDS = 60
UNANSWERED_SECONDS = 10
MEGABYTE = 1_000_000


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
    app.url_map.converters["date"] = day.DateConverter
    url_spelling.register(app)
    app.extensions["follower"] = follower = Follower(
        Warehouse.of(configuration),
        configuration.serve.cache_mb * MEGABYTE,
        by_file=configuration.serve.lookup == "file",
    )
    lake, routes = Lake.of(configuration), own_routes(configuration)
    erased, profiles = ErasedLearners(lake), Profiles(lake.profiles)
    troubles = Troubles(follower, lake, erased, profiles)
    app.extensions["metrics"] = metrics = Metrics(
        app, follower, shared, counted_routes=[day.RULE, *(route.path for route in routes)], troubles=troubles.now
    )
    app.extensions["credentials"] = credentials = Credentials.of(configuration)

    cors = Cors(configuration.serve.cors_origins)
    cors.register(app)
    app.after_request(response_headers.compress_and_vary)
    limits = Limits(app, configuration.serve)
    troubles.of_limits = limits.trouble
    log = AccessLog(app.wsgi_app, Clients(configuration.serve.trusted_proxies))
    app.wsgi_app = log  # type: ignore[method-assign] # Flask's own way to put something around it
    own = OwnAnswers(credentials, limits, follower, erased)
    app.extensions["door"] = Door(routes, own, cors, metrics, log)
    for route in routes:
        app.get(route.path, endpoint=route.path)(limits.count_refused(partial(_own_answer, own, route)))
    if configuration.pulse.profile:
        _register_days(app, limits, own, day.route_of(configuration))

    public.register(app, configuration, follower, public.Files(erased, profiles), limits.count_public)
    element.register(app)

    health.register(app, follower)
    health.register_for_ops(app, configuration.serve, metrics, limits)
    openapi.register(app, configuration.serve, has_profile=configuration.pulse.profile)

    app.register_error_handler(CredentialError, partial(_refused, metrics))
    app.register_error_handler(NoVersionError, _not_ready)
    app.register_error_handler(UnansweredError, _unanswered)
    app.register_error_handler(QueryError, _bad_query)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _internal_error)
    return app


def _register_days(app: Flask, limits: Limits, own: OwnAnswers, route: OwnRoute) -> None:
    """Give an app the route of one date, which is a part of its path."""

    @app.get(route.path)
    @limits.count_refused
    def pulse_of_day(day: str) -> Response:
        return _own_answer(own, asking_for(route, day))


def _own_answer(own: OwnAnswers, route: OwnRoute) -> Response:
    answer = own.answer(route, request.environ)
    response = Response(answer.body, answer.status, answer.headers)
    if answer.status == NOT_MODIFIED:
        del response.headers["Content-Type"]
    return response


def _bad_query(error: QueryError) -> Response:
    return error_answer(400, str(error))


def _refused(metrics: Metrics, error: CredentialError) -> Response:
    logger.info("%d %r: %s", error.status, request.path, error)
    metrics.count_refused(error.reason)
    response = error_answer(error.status, error.detail)
    response.headers.update(error.headers)
    return response


def _not_ready(error: NoVersionError) -> Response:
    logger.warning("503 %r: %s", request.path, error)
    has_no_profile = isinstance(error, NoProfileError)
    detail = "The published version has no profile yet" if has_no_profile else "No data has been published yet"
    response = error_answer(503, detail)
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
