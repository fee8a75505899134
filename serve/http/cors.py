"""Which pages of other origins may read our answers: the listed ones; public answers may be read by any.

See docs/guide/read.md, From a page on another origin.

A browser asks first with OPTIONS, and without a credential. So OPTIONS is answered before credentials are checked.
There are no cookies, so no answer allows credentials in the sense of CORS.
"""

from collections.abc import Collection

from flask import Flask, Response, request
from werkzeug.exceptions import MethodNotAllowed

ALLOWED_HEADERS = "Authorization, X-API-Key, If-None-Match"
ALLOWED_METHODS = "GET, HEAD, OPTIONS"
PREFLIGHT_SECONDS = 600
EXPOSED_HEADERS = (
    "ETag",
    "Retry-After",
    "WWW-Authenticate",
    "X-Data-Through",
    "X-Data-Version",
    "X-Pulse-Complete-Through",
    "X-Pulse-Cuts",
    "X-Pulse-Learner",
    "X-Pulse-Metric",
    "X-Pulse-Population",
    "X-Pulse-Timezone",
    "X-Request-Id",
)
PUBLIC = ("/api/xp/public-profile/", "/embed/", "/openapi.json")  # the beginnings of their paths


class Cors:
    """Answers OPTIONS, and says in every answer who else may read it.

    Args:
        origins: the pages that may call what needs a credential.
    """

    def __init__(self, origins: Collection[str]) -> None:
        self._origins = frozenset(origins)

    def register(self, app: Flask) -> None:
        """Take part in every request of an app; of what is registered for its requests this comes first."""
        app.before_request(self._options)
        app.after_request(self._headers)

    def _options(self) -> Response | None:
        """Answer OPTIONS on any path that we know; on another one it is a 404 like everything else."""
        if request.method != "OPTIONS":
            return None
        is_known = request.url_rule is not None or isinstance(request.routing_exception, MethodNotAllowed)
        if not is_known:
            return None
        response = Response(status=204, headers={"Allow": ALLOWED_METHODS})
        del response.headers["Content-Type"]
        return response

    def _headers(self, response: Response) -> Response:
        origin = request.headers.get("Origin")
        if request.path.startswith(PUBLIC):
            allowed: str | None = "*"
        else:
            if "Origin" not in response.headers.get("Vary", ""):  # it says so already in own answers
                response.vary.add("Origin")
            allowed = origin if origin in self._origins else None
        if allowed is None:
            return response
        if request.method != "OPTIONS":
            response.headers.update(_readable(allowed))
        else:
            response.headers["Access-Control-Allow-Origin"] = allowed
            response.headers["Access-Control-Allow-Methods"] = ALLOWED_METHODS
            response.headers["Access-Control-Allow-Headers"] = ALLOWED_HEADERS
            response.headers["Access-Control-Max-Age"] = str(PREFLIGHT_SECONDS)
        return response

    def of_answer(self, origin: str | None) -> list[tuple[str, str]]:
        """Return what an own answer says of who may read it; that it varies by that, it says itself.

        Args:
            origin: of the page that asks, None if it says none.
        """
        return _readable(origin) if origin is not None and origin in self._origins else []


def _readable(origin: str) -> list[tuple[str, str]]:
    exposed = ", ".join(EXPOSED_HEADERS)
    return [("Access-Control-Allow-Origin", origin), ("Access-Control-Expose-Headers", exposed)]
