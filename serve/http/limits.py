"""Rate limits (docs/reference/http.md, Rate limits): a request beyond them gets 429 with `Retry-After`.

Own answers are counted per learner or key. Refused requests, 401 and 403, are counted per client address. An address
over its limit gets 429 before its next credential is checked, so guessing costs no look-up. Public answers that are not
cached are counted per client address too, unless the address is a proxy's.
"""

import hashlib
import logging
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from flask import Flask, Response, g, request
from flask_limiter import Limiter, RateLimitExceeded
from limits.errors import ConfigurationError as LibraryError

from serve.http.access_log import CLIENT
from serve.http.answers import error_answer
from serve.http.clients import Clients, is_private, limited_by
from serve.http.limit_store import Counts
from warehouse.configuration.serving import Serve
from warehouse.errors import ConfigurationError

P = ParamSpec("P")
R = TypeVar("R")
REFUSED = frozenset({401, 403})
REMEMBERED_SECONDS = 600.0  # how long there is a warning after a request that was not limited


class Limits:
    """The limits of an app.

    Args:
        app: whose requests are counted.
        serve: how many there may be, and where they are counted.

    Raises:
        ConfigurationError: the store has no driver here.
    """

    def __init__(self, app: Flask, serve: Serve) -> None:
        logging.getLogger("flask-limiter").setLevel(logging.WARNING)  # a 429 is in the access log, without the key
        options: dict[str, str | int] = {"location": serve.rate_limit_storage}
        (scheme,) = Counts.STORAGE_SCHEME
        try:
            self._limiter = Limiter(_client, app=app, storage_uri=f"{scheme}://", storage_options=options)
        except LibraryError as error:
            raise ConfigurationError([f"serve.rate_limit_storage: {error}; pip install '.[limits]'"]) from error
        self._refused_rate, self._own_rate = serve.rate_limit_refused, serve.rate_limit
        self._count_own: Callable[[], None] = self._limited_by_caller(_nothing)
        self._public_rate, self._clients = serve.rate_limit_public, Clients(serve.trusted_proxies)
        self._count_public: Callable[[], None] = self._limited_by_address(_nothing_more)
        self._unlimited_at = float("-inf")
        app.register_error_handler(RateLimitExceeded, self._exceeded)

    def count_refused(self, view: Callable[P, R]) -> Callable[P, R]:
        """Decorate a view that needs a credential: all such views share one count of refused requests per client."""
        if not self._refused_rate:
            return view
        limited = self._limiter.shared_limit(self._refused_rate, scope="refused", deduct_when=_is_refused)
        return limited(view)

    def count_own(self, caller: str) -> None:
        """Count one own answer.

        Args:
            caller: the learner, or what tells a key from others.

        Raises:
            RateLimitExceeded: that is one too many.
        """
        g.caller = hashlib.sha256(caller.encode("utf-8", "surrogatepass")).hexdigest()
        self._count_own()

    def count_public(self) -> None:
        """Count one public answer that has to be looked up or made, where the client's address is known.

        Raises:
            RateLimitExceeded: that is one too many.
        """
        if self._public_rate and self._is_address_known():
            self._count_public()

    def trouble(self) -> str | None:
        """Return the warning that public answers are not limited, None if they are (docs/reference/metrics.md)."""
        return "public_limit_off" if time.monotonic() - self._unlimited_at < REMEMBERED_SECONDS else None

    def _is_address_known(self) -> bool:
        """Tell whether a request's address is that of one client, and not of a proxy that is not configured."""
        if self._clients.is_behind_proxy(request.environ):
            return True
        if "HTTP_X_FORWARDED_FOR" in request.environ or is_private(request.environ.get("REMOTE_ADDR", "")):
            self._unlimited_at = time.monotonic()
            return False
        return True

    def _limited_by_address(self, function: Callable[[], None]) -> Callable[[], None]:
        if not self._public_rate:
            return function
        return self._limiter.shared_limit(self._public_rate, scope="public")(function)

    def _limited_by_caller(self, function: Callable[[], None]) -> Callable[[], None]:
        if not self._own_rate:
            return function
        return self._limiter.shared_limit(self._own_rate, scope="own", key_func=_caller)(function)

    def _exceeded(self, _: RateLimitExceeded) -> Response:
        limit = self._limiter.current_limit
        seconds = max(1, round(limit.window.reset_time - time.monotonic())) if limit else 1
        response = error_answer(429, f"Too many requests, try again in {seconds} s")
        response.headers["Retry-After"] = str(seconds)
        return response


def _nothing() -> None:
    """Nothing is left to do once an own answer was counted; the library needs a function to limit."""


def _nothing_more() -> None:
    """The same for public answers: the library tells limits apart by their functions."""


def _client() -> str:
    return limited_by(str(request.environ[CLIENT]))


def _caller() -> str:
    return str(g.caller)


def _is_refused(response: Response) -> bool:
    return response.status_code in REFUSED
