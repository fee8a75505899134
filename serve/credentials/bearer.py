"""A bearer token: which learner it names, if one of our keys has signed it and its claims are good.

See docs/reference/http.md, Tokens.

The configuration says which algorithms are allowed. Of the token's own header only the algorithm and the key id are
read. Both are only compared with what is configured. The keys come from `Keys`. Which claims are good `claims.py` says.

Each part of a token is decoded once. What headers say is remembered, because few differ. PyJWT reads headers and
verifies signatures; its `decode` would read the header, and examine a key that does not change, for every token.
"""

import base64
import re
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

import jwt

from serve.credentials.claims import Claims
from serve.http.errors import Reason, RefusedError
from warehouse.configuration.authentication import Auth
from warehouse.errors import ConfigurationError
from warehouse.identifiers import normal_id

LONGEST_TOKEN = 16_384
LONGEST_REMEMBERED, MOST_REMEMBERED = 512, 256  # characters of a header, and how many of them
FORM = re.compile(r"([\w-]+)\.([\w-]+)\.([\w-]+)", re.ASCII)
ANY_PART = "AAAA"  # well encoded
NOT_UNDERSTOOD = frozenset({"jwk", "jku", "x5c", "x5u", "crit", "b64"})  # bring keys, or change what the rest means
PLAIN_KEY_ID = re.compile(r"[\w.:@=+-]{1,200}", re.ASCII)


class Key(NamedTuple):
    """A key that tokens may be signed with.

    Args:
        algorithm: the one algorithm that it is for.
        material: a secret as bytes, or a public key; long enough for the algorithm.
    """

    algorithm: str
    material: Any

    def has_signed(self, content: bytes, signature: bytes) -> bool:
        """Tell whether a signature of a content is this key's."""
        return jwt.get_algorithm_by_name(self.algorithm).verify(content, self.material, signature)


class Header(NamedTuple):
    """What a token's own header says, untrusted.

    Args:
        algorithm: one of the configured ones.
        key_id: its `kid`, None if it has none.
    """

    algorithm: str
    key_id: str | None


class Keys(Protocol):
    """Where the keys come from: the secrets of HS256, or a key set."""

    def candidates(self, key_id: str | None, algorithm: str) -> Sequence[Key]:
        """Return the keys that may have signed a token.

        Args:
            key_id: what the token says about it (`kid`), untrusted; None if nothing.
            algorithm: one of the configured algorithms.

        Raises:
            RefusedError: the key id is not one that could be ours.
            UnavailableError: which keys there are is not known.
        """


class Secrets:
    """The secrets of HS256; they have no ids, so a plain `kid` says nothing.

    Args:
        auth: HS256 and its secrets.

    Raises:
        ConfigurationError: a secret is a key of another kind (PEM, SSH, JWK), or too short.
    """

    def __init__(self, auth: Auth) -> None:
        refuse_unusable_secrets(auth)
        self._keys = [Key("HS256", secret.encode()) for secret in auth.secrets]

    def candidates(self, key_id: str | None, algorithm: str) -> Sequence[Key]:
        """Return all secrets."""
        if key_id is not None and not PLAIN_KEY_ID.fullmatch(key_id):
            raise RefusedError(Reason.HEADER, "no plain key id")
        return [key for key in self._keys if key.algorithm == algorithm]


class Bearer:
    """What a token must be.

    Args:
        auth: what makes a token good.
        keys: what may have signed it.
        prefixes: those that learners' ids have, for a token that says which.
    """

    def __init__(self, auth: Auth, keys: Keys, prefixes: Collection[str] = ()) -> None:
        self._auth = auth
        self._keys = keys
        self._prefixes = prefixes
        self._claims = Claims(auth)
        self.remembered_header = lru_cache(MOST_REMEMBERED)(self._header)

    def learner(self, token: str) -> str:
        """Return the id of the learner whose token this is, as the lake spells it (R26).

        Raises:
            RefusedError: the token or one of its claims is not good.
            UnavailableError: there are no keys to check it with.
        """
        form = FORM.fullmatch(token) if len(token) <= LONGEST_TOKEN else None
        if not form:
            raise RefusedError(Reason.MALFORMED, "not of the form of a token")
        head, payload, signature = form[1], _decoded(form[2]), _decoded(form[3])
        header = self.remembered_header(head) if len(head) <= LONGEST_REMEMBERED else self._header(head)
        self._verify(header, token[: form.end(2)].encode(), signature)
        return self._learner(self._claims.read(payload))

    def _learner(self, claims: Mapping[str, Any]) -> str:
        name = self._auth.user_claim
        claim = claims.get(name)
        learner = str(claim) if isinstance(claim, int) and not isinstance(claim, bool) else claim
        if not isinstance(learner, str) or not learner:
            raise RefusedError(Reason.CLAIMS, f"claim {name} is missing, empty or no text")
        try:
            return normal_id(self._prefix(claims) + self._auth.spelled(learner))
        except ValueError:
            raise RefusedError(Reason.CLAIMS, f"claim {name} is no UUID") from None

    def _prefix(self, claims: Mapping[str, Any]) -> str:
        """Return the prefix that a token chooses among those that there are: with any other it could name anybody."""
        name = self._auth.prefix_claim
        if name is None:
            return ""
        prefix = claims.get(name)
        if not isinstance(prefix, str) or prefix not in self._prefixes:
            raise RefusedError(Reason.CLAIMS, f"claim {name} is no prefix that learners have")
        return prefix

    def _header(self, segment: str) -> Header:
        """Return what a header says, if that is nothing but an algorithm of ours and which key it is."""
        try:
            header = jwt.get_unverified_header(f"{segment}.{ANY_PART}.{ANY_PART}")
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
            raise RefusedError(Reason.MALFORMED, type(error).__name__) from error
        algorithm, key_id = header.get("alg"), header.get("kid")
        if not isinstance(algorithm, str) or algorithm not in self._auth.algorithms:
            raise RefusedError(Reason.HEADER, "an algorithm that is not configured")
        if not NOT_UNDERSTOOD.isdisjoint(header):
            raise RefusedError(Reason.HEADER, "it brings its own key, or an extension")
        if "kid" in header and not isinstance(key_id, str):
            raise RefusedError(Reason.HEADER, "a key id that is no text")
        return Header(algorithm, key_id)

    def _verify(self, header: Header, content: bytes, signature: bytes) -> None:
        """Find the key that has signed a content."""
        candidates = self._keys.candidates(header.key_id, header.algorithm)
        if not candidates:
            raise RefusedError(Reason.UNKNOWN_KEY, "signed with a key that we do not know")
        if not any(key.has_signed(content, signature) for key in candidates):
            raise RefusedError(Reason.SIGNATURE, "signed with none of the keys")


def refuse_unusable_secrets(auth: Auth) -> None:
    """Find out before the first request comes that no token can be checked with a secret.

    Raises:
        ConfigurationError: a secret is a key of another kind (PEM, SSH, JWK), or too short.
    """
    algorithm = jwt.get_algorithm_by_name("HS256")
    for number, secret in enumerate(auth.secrets, start=1):
        try:
            reason = algorithm.check_key_length(algorithm.prepare_key(secret))
        except jwt.InvalidKeyError as error:
            reason = str(error)
        if reason:
            raise ConfigurationError([f"auth.secret: secret {number} cannot be used for HS256: {reason}"])


def _decoded(text: str) -> bytes:
    """Return the bytes of canonical base64url, in which the unused bits are zero."""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        raw = b""
    if base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != text:
        raise RefusedError(Reason.MALFORMED, "not of the form of a token")
    return raw
