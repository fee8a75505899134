"""Who asks: a bearer token or an API key, exactly one of them, names the learner.

See docs/reference/http.md; FAULTS 31 to 36.

A credential that cannot be trusted is refused. The reason goes to log and metrics, and never into the answer. Tokens
are checked in `bearer.py`, their keys come from `jwks.py`, and API keys are checked in `api_keys.py`.
"""

from typing import NamedTuple, Protocol

from serve.credentials.api_keys import KeyRing
from serve.credentials.bearer import Bearer, Secrets
from serve.credentials.jwks import KeySet, key_set
from serve.credentials.key_store import key_store
from serve.http.errors import AmbiguousError, Reason, RefusedError
from warehouse.configuration.configuration import Configuration


class Headers(Protocol):
    """What is asked of a request's headers."""

    def get(self, key: str, /) -> str | None:
        """Return the value of a header in any case, None without one."""


class Caller(NamedTuple):
    """Who asks.

    Args:
        learner: whose pulse it is, a normal id (R26).
        counted_as: under which name requests are counted for the rate limit: the learner's, or the key's.
    """

    learner: str
    counted_as: str


class Credentials:
    """What is accepted.

    Args:
        bearer: what a token must be.
        ring: what an API key must be; None if there are none.
        keys: the key set behind the tokens; None if they have secrets.
    """

    def __init__(self, bearer: Bearer, ring: KeyRing | None = None, keys: KeySet | None = None) -> None:
        self._bearer = bearer
        self._ring = ring
        self._keys = keys

    @classmethod
    def of(cls, configuration: Configuration) -> "Credentials":
        """Return what a configuration accepts; nothing is connected, fetched or started yet.

        Args:
            configuration: loaded with the section `auth`.

        Raises:
            ConfigurationError: there is certainly nothing to check a credential with.
        """
        auth, folder = configuration.auth, configuration.path.parent
        assert auth is not None  # noqa: S101 - `load(..., uses=["auth"])` has seen to it
        keys = None
        if auth.jwks is not None:
            keys = key_set(auth.jwks, folder, auth.algorithms)
            keys.check()
        ring = None
        if auth.api_keys is not None:
            source = configuration.sources[auth.api_keys.source]
            ring = KeyRing(auth.api_keys, key_store(auth.api_keys, source, folder))
        return cls(Bearer(auth, keys or Secrets(auth), configuration.prefixes), ring, keys)

    def start(self) -> None:
        """Begin to fetch keys, in this process. The first request starts it too, but has no keys yet."""
        if self._keys is not None:
            self._keys.start()

    def close(self) -> None:
        """Stop fetching keys."""
        if self._keys is not None:
            self._keys.close()

    def caller(self, headers: Headers, scope: str = "") -> Caller:
        """Return who asks.

        Args:
            headers: the request's; one that was sent twice arrives joined by a comma, which no credential has.
            scope: one that an API key needs beside the required one; empty for none.

        Raises:
            CredentialError: what is not let through, as its status says.
        """
        self.start()
        authorization, key = headers.get("Authorization"), headers.get("X-API-Key")
        if authorization is not None and key is not None:
            raise AmbiguousError("a token and a key")
        if "," in (authorization or "") or "," in (key or ""):
            raise AmbiguousError("a comma in a credential")
        if key is not None:
            return self._key_caller(key, scope)
        learner = self._bearer.learner(_token(authorization))
        return Caller(learner, f"learner:{learner}")

    def _key_caller(self, key: str, scope: str) -> Caller:
        if self._ring is None:
            raise RefusedError(Reason.API_KEY, "there are no API keys here")
        owner = self._ring.caller(key, scope)
        return Caller(owner.learner, f"key:{owner.key_hash}")


def _token(authorization: str | None) -> str:
    if not authorization:
        raise RefusedError(Reason.MISSING, "no credential")
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip(" "):
        raise RefusedError(Reason.MALFORMED, "no bearer token")
    return token.strip(" ")
