"""Rate limits (docs/reference/http.md, Rate limits): a request beyond them gets 429 with `Retry-After`.

Own answers are counted per learner or key. Refused requests, 401 and 403, are counted per client address. An address
over its limit gets 429 before its next credential is checked, so guessing costs no look-up. Public answers that are not
cached are counted per client address too, unless the address is a proxy's.
"""

import hashlib
import time
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from flask import Flask, Response, request
from limits import parse
from limits.errors import ConfigurationError as LibraryError

from serve.http.access_log import CLIENT
from serve.http.answers import error_answer
from serve.http.clients import Clients, is_private, limited_by
from serve.http.errors import CredentialError
from serve.http.limit_store import Counts
from warehouse.configuration.surroundings.serving import Serve
from warehouse.errors import ConfigurationError

P = ParamSpec("P")
R = TypeVar("R")
REFUSED = frozenset({401, 403})
REMEMBERED_SECONDS = 600.0  # how long there is a warning after a request that was not limited


class TooManyError(Exception):
    """A request beyond a limit.

    Args:
        seconds: after which asking again helps.
    """

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds
        super().__init__(f"too many, again in {seconds} s")


class Limit:
    """A number of requests in a window of time that begins with the first one; each key has its own.

    Args:
        counts: where they are counted.
        rate: such as `120/minute`; empty for no limit.
        scope: what is counted; keys of one scope are told apart from those of another.
    """

    def __init__(self, counts: Counts, rate: str, scope: str) -> None:
        self._counts, self._scope = counts, scope
        self._rate = parse(rate) if rate else None

    def count(self, key: str) -> None:
        """Count one request.

        Raises:
            TooManyError: that is one too many.
        """
        if self._rate is not None:
            name = self._rate.key_for(key, self._scope)
            if self._counts.incr(name, self._rate.get_expiry()) > self._rate.amount:
                raise self._exceeded(name)

    def check(self, key: str) -> None:
        """Count nothing.

        Raises:
            TooManyError: one more would be one too many.
        """
        if self._rate is not None:
            name = self._rate.key_for(key, self._scope)
            if self._counts.get(name) >= self._rate.amount:
                raise self._exceeded(name)

    def note(self, key: str) -> None:
        """Count one request that has been answered already."""
        if self._rate is not None:
            self._counts.incr(self._rate.key_for(key, self._scope), self._rate.get_expiry())

    def _exceeded(self, name: str) -> TooManyError:
        return TooManyError(max(1, round(self._counts.get_expiry(name) - time.monotonic())))


class Limits:
    """The limits of an app.

    Args:
        app: whose requests are counted.
        serve: how many there may be, and where they are counted.

    Raises:
        ConfigurationError: the store has no driver here.
    """

    def __init__(self, app: Flask, serve: Serve) -> None:
        try:
            self._counts = counts = Counts(serve.rate_limit_storage)
        except LibraryError as error:
            raise ConfigurationError([f"serve.rate_limit_storage: {error}; pip install '.[limits]'"]) from error
        self._own = Limit(counts, serve.rate_limit, "own")
        self._refused = Limit(counts, serve.rate_limit_refused, "refused")
        self._public = Limit(counts, serve.rate_limit_public, "public")
        self._is_public_limited, self._clients = bool(serve.rate_limit_public), Clients(serve.trusted_proxies)
        self._unlimited_at = float("-inf")
        app.register_error_handler(TooManyError, _too_many)

    @property
    def are_shared(self) -> bool:
        """Whether they are counted in a store that has to be waited for."""
        return self._counts.is_shared

    def check_refused(self, environ: Mapping[str, Any]) -> None:
        """Count nothing, but make sure that a client may still try credentials.

        Args:
            environ: of a request that needs one.

        Raises:
            TooManyError: of its client too many requests have been refused.
        """
        self._refused.check(_client(environ))

    def count_refused(self, view: Callable[P, R]) -> Callable[P, R]:
        """Decorate a view that needs a credential: all such views share one count of refused requests per client."""

        @wraps(view)
        def limited(*arguments: P.args, **options: P.kwargs) -> R:
            self.check_refused(request.environ)
            try:
                return view(*arguments, **options)
            except CredentialError as error:
                if error.status in REFUSED:
                    self._refused.note(_client(request.environ))
                raise

        return limited

    def count_own(self, caller: str) -> None:
        """Count one own answer.

        Args:
            caller: the learner, or what tells a key from others.

        Raises:
            TooManyError: that is one too many.
        """
        self._own.count(hashlib.sha256(caller.encode("utf-8", "surrogatepass")).hexdigest())

    def count_public(self) -> None:
        """Count one public answer that has to be looked up or made, where the client's address is known.

        Raises:
            TooManyError: that is one too many.
        """
        if self._is_public_limited and self._is_address_known():
            self._public.count(_client(request.environ))

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


def _too_many(error: TooManyError) -> Response:
    response = error_answer(429, f"Too many requests, try again in {error.seconds} s")
    response.headers["Retry-After"] = str(error.seconds)
    return response


def _client(environ: Mapping[str, Any]) -> str:
    return limited_by(str(environ[CLIENT]))
