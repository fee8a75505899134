"""A bearer token: which learner it names, if one of our keys has signed it and its claims are good.

See docs/reference/http.md, Tokens.

The configuration says which algorithms are allowed. Of the token's own header only the algorithm and the key id are
read. Both are only compared with what is configured. The keys come from `Keys`.
"""

import base64
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import jwt

from serve.http.errors import ExpiredError, Reason, RefusedError
from warehouse.configuration.authentication import Auth
from warehouse.errors import ConfigurationError
from warehouse.identifiers import normal_id

LEEWAY_SECONDS = 30
LATEST_EXPIRY = 253_402_300_799  # the end of the year 9999
LONGEST_TOKEN = 16_384
FORM = re.compile(r"[\w-]+\.[\w-]+\.([\w-]+)", re.ASCII)
NOT_UNDERSTOOD = frozenset({"jwk", "jku", "x5c", "x5u", "crit", "b64"})  # bring keys, or change what the rest means
PLAIN_KEY_ID = re.compile(r"[\w.:@=+-]{1,200}", re.ASCII)


class Key(NamedTuple):
    """A key that tokens may be signed with.

    Args:
        algorithm: the one algorithm that it is for.
        material: a secret, or a public key.
    """

    algorithm: str
    material: Any


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
        self._keys = [Key("HS256", secret) for secret in auth.secrets]

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
    """

    def __init__(self, auth: Auth, keys: Keys) -> None:
        self._auth = auth
        self._keys = keys

    def learner(self, token: str) -> str:
        """Return the id of the learner whose token this is, as the lake spells it (R26).

        Raises:
            RefusedError: the token or one of its claims is not good.
            UnavailableError: there are no keys to check it with.
        """
        claims = self._claims(token)
        if not _is_expiry(claims["exp"]):
            raise RefusedError(Reason.CLAIMS, "exp is not a time up to the year 9999")
        required = self._auth.required_claims
        if any(not _is_same(claims.get(name), value) for name, value in required.items()):
            raise RefusedError(Reason.CLAIMS, "a required claim is missing or differs")
        return _learner(claims.get(self._auth.user_claim), self._auth.user_claim)

    def _claims(self, token: str) -> dict[str, Any]:
        """Return the claims of a signed token; the next key is tried only after a wrong signature."""
        candidates = self._candidates(_header(token))
        for key in candidates:
            try:
                claims: dict[str, Any] = self._decoded(token, key)["payload"]
            except jwt.InvalidSignatureError:
                continue
            except jwt.ExpiredSignatureError as error:
                raise ExpiredError from error
            except jwt.ImmatureSignatureError as error:
                raise RefusedError(Reason.NOT_YET_VALID, "not valid yet") from error
            except (jwt.PyJWTError, ValueError, OverflowError, TypeError, RecursionError) as error:
                raise RefusedError(Reason.CLAIMS, type(error).__name__) from error
            return claims
        if not candidates:
            raise RefusedError(Reason.UNKNOWN_KEY, "signed with a key that we do not know")
        raise RefusedError(Reason.SIGNATURE, "signed with none of the keys")

    def _candidates(self, header: Mapping[str, Any]) -> Sequence[Key]:
        algorithm, key_id = header.get("alg"), header.get("kid")
        if not isinstance(algorithm, str) or algorithm not in self._auth.algorithms:
            raise RefusedError(Reason.HEADER, "an algorithm that is not configured")
        if not NOT_UNDERSTOOD.isdisjoint(header):
            raise RefusedError(Reason.HEADER, "it brings its own key, or an extension")
        if "kid" in header and not isinstance(key_id, str):
            raise RefusedError(Reason.HEADER, "a key id that is no text")
        return self._keys.candidates(key_id, algorithm)

    def _decoded(self, token: str, key: Key) -> dict[str, Any]:
        auth = self._auth
        required = ["exp"] + ["aud"] * (auth.audience is not None) + ["iss"] * (auth.issuer is not None)
        return jwt.decode_complete(
            token,
            key.material,
            algorithms=[key.algorithm],
            audience=auth.audience,
            issuer=auth.issuer,
            leeway=LEEWAY_SECONDS,
            options={
                "require": required,
                "enforce_minimum_key_length": True,
                "verify_aud": auth.audience is not None,  # else a token with `aud` would be refused
                "verify_sub": False,  # an integer is an id too
                "verify_jti": False,
            },
        )


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


def _header(token: str) -> dict[str, Any]:
    """Return the untrusted header of a token that has the right form and a canonical signature."""
    form = FORM.fullmatch(token) if len(token) <= LONGEST_TOKEN else None
    if not form or not _is_canonical(form[1]):
        raise RefusedError(Reason.MALFORMED, "not of the form of a token")
    try:
        return jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
        raise RefusedError(Reason.MALFORMED, type(error).__name__) from error


def _is_canonical(text: str) -> bool:
    """Tell whether a text is canonical base64url, in which the unused bits are zero."""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return False
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode() == text


def _is_expiry(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= LATEST_EXPIRY


def _is_same(claim: object, wanted: object) -> bool:
    """Compare as JSON does: there `true` is not 1."""
    return type(claim) is type(wanted) and claim == wanted


def _learner(claim: object, name: str) -> str:
    learner = str(claim) if isinstance(claim, int) and not isinstance(claim, bool) else claim
    if not isinstance(learner, str) or not learner:
        raise RefusedError(Reason.CLAIMS, f"claim {name} is missing, empty or no text")
    return normal_id(learner)
