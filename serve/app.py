"""The Flask app: routes of a few lines each, and errors that are JSON whatever goes wrong (README.md)."""

import logging
import secrets
from typing import Any

import orjson
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from serve.credentials import ExpiredError, RefusedError, learner_of, refuse_unusable_secrets
from serve.pulse import learning_pulse
from serve.reader import Follower, OpenVersion
from warehouse.configuration import Configuration
from warehouse.errors import NoVersionError
from warehouse.versions import Warehouse

logger = logging.getLogger(__name__)
RETRY_AFTER_SECONDS = 60


def create_app(configuration: Configuration) -> Flask:
    """Return the app that serves a configuration's published version; none has to be there yet.

    Args:
        configuration: loaded with the section `auth`.

    Raises:
        ConfigurationError: a secret is none that tokens can be checked with.
    """
    app = Flask(__name__, static_folder=None)
    app.url_map.merge_slashes = False  # a path with two of them is unknown, not redirected to another
    follower = Follower(Warehouse.of(configuration))
    auth = configuration.auth
    assert auth is not None  # noqa: S101 - `load(..., uses=["auth"])` has seen to it
    refuse_unusable_secrets(auth)

    @app.get("/api/xp/learning-pulse")
    def pulse() -> Response:
        learner = learner_of(request.headers.get("Authorization"), auth)
        with follower.version() as version:
            return _personal(_json(learning_pulse(version, learner)), version)

    @app.get("/health")
    def health() -> Response:
        return _json({"status": "ok"})

    app.register_error_handler(RefusedError, _refused)
    app.register_error_handler(NoVersionError, _not_ready)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _internal_error)
    return app


def _json(body: dict[str, Any], status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, mimetype="application/json")


def _personal(response: Response, version: OpenVersion) -> Response:
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Vary"] = "Authorization"
    response.headers["X-Data-Version"] = version.name
    response.headers["X-Data-Through"] = version.data_through
    return response


def _error(status: int, detail: str) -> Response:
    response = _json({"detail": detail}, status)
    response.headers["Cache-Control"] = "no-store"
    return response


def _refused(refusal: RefusedError) -> Response:
    logger.info("401 %r: %s", request.path, refusal)
    response = _error(401, "Invalid or missing credentials")
    has_expired = isinstance(refusal, ExpiredError)
    says_why = ' error="invalid_token", error_description="The token has expired"' if has_expired else ""
    response.headers["WWW-Authenticate"] = f"Bearer{says_why}"
    return response


def _not_ready(error: NoVersionError) -> Response:
    logger.warning("503 %r: %s", request.path, error)
    response = _error(503, "No data has been published yet")
    response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def _http_error(error: HTTPException) -> Response:
    response = _error(error.code or 500, error.description or error.name)
    headers = [(name, value) for name, value in error.get_headers(request.environ) if name != "Content-Type"]
    response.headers.extend(headers)
    return response


def _internal_error(error: Exception) -> Response:
    """Answer with nothing but a number under which the log says what happened."""
    request_id = secrets.token_hex(8)
    logger.error("500 %r: request %s failed", request.path, request_id, exc_info=error)
    response = _error(500, f"Internal server error, request {request_id}")
    response.headers["X-Request-Id"] = request_id
    return response
