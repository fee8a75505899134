"""Who asks: a bearer token signed with one of our secrets, and nothing else, says which learner it is (README.md).

A token that cannot be trusted is refused, whatever is wrong with it; why is for the log and never for the answer.
"""

import re
from collections.abc import Mapping
from typing import Any

import jwt

from warehouse.configuration import Auth
from warehouse.errors import ConfigurationError
from warehouse.identifiers import normal_id

LEEWAY_SECONDS = 30
LATEST_EXPIRY = 253_402_300_799  # the end of the year 9999
# What decoding raises besides a wrong signature: PyJWT before 2.15 lets the last three through.
UNREADABLE = (jwt.PyJWTError, ValueError, OverflowError, TypeError, RecursionError)
KEY_BRINGERS = frozenset({"jwk", "jku", "x5c", "x5u"})
PLAIN_KEY_ID = re.compile(r"[\w.:@=+-]{1,200}", re.ASCII)


class RefusedError(Exception):
    """The request carries no credential that is good."""


class ExpiredError(RefusedError):
    """The token was good, and is not any more; only who holds a good signature is told so."""


def learner_of(authorization: str | None, auth: Auth) -> str:
    """Return the id of the learner whose token this is, as the lake spells it (R26).

    Args:
        authorization: the request's `Authorization` header; two of them arrive joined by a comma, which no token has.
        auth: what makes a token good.

    Raises:
        RefusedError: the header, the token or one of its claims is not good.
    """
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip(" "):
        raise RefusedError("no bearer token")
    claims = _claims(token.strip(" "), auth)
    if not _is_expiry(claims["exp"]):
        raise RefusedError("exp is not a time up to the year 9999")
    if any(not _is_same(claims.get(name), value) for name, value in auth.required_claims.items()):
        raise RefusedError("a required claim is missing or differs")
    return _learner(claims.get(auth.user_claim), auth.user_claim)


def refuse_unusable_secrets(auth: Auth) -> None:
    """Find out before the first request comes that no token can be checked with a secret.

    Raises:
        ConfigurationError: a secret is a key of another kind (PEM, SSH, JWK), or too short.
    """
    for number, secret in enumerate(auth.secrets, start=1):
        for name in auth.algorithms:
            algorithm = jwt.get_algorithm_by_name(name)
            try:
                complaint = algorithm.check_key_length(algorithm.prepare_key(secret))
            except jwt.InvalidKeyError as error:
                complaint = str(error)
            if complaint:
                raise ConfigurationError([f"auth.secret: secret {number} cannot be used for {name}: {complaint}"])


def _claims(token: str, auth: Auth) -> dict[str, Any]:
    """Return the claims of a token that one of the secrets has signed; only a wrong signature asks the next secret."""
    for secret in auth.secrets:
        try:
            decoded = _decoded(token, secret, auth)
        except jwt.InvalidSignatureError:
            continue
        except jwt.ExpiredSignatureError as error:
            raise ExpiredError("expired") from error
        except UNREADABLE as error:
            raise RefusedError(type(error).__name__) from error
        if not _is_plain(decoded["header"]):
            raise RefusedError("the header brings its own key or no plain key id")
        claims: dict[str, Any] = decoded["payload"]
        return claims
    raise RefusedError("signed with none of the secrets")


def _decoded(token: str, secret: str, auth: Auth) -> dict[str, Any]:
    required = ["exp"] + ["aud"] * (auth.audience is not None) + ["iss"] * (auth.issuer is not None)
    return jwt.decode_complete(
        token,
        secret,
        algorithms=list(auth.algorithms),
        audience=auth.audience,
        issuer=auth.issuer,
        leeway=LEEWAY_SECONDS,
        options={
            "require": required,
            "verify_aud": auth.audience is not None,  # else a token with `aud` would be refused
            "verify_sub": False,  # an integer is an id too
            "verify_jti": False,
        },
    )


def _is_plain(header: Mapping[str, Any]) -> bool:
    """Tell whether a header asks for no key but ours; the secrets have no ids, so a plain `kid` says nothing."""
    return KEY_BRINGERS.isdisjoint(header) and bool(PLAIN_KEY_ID.fullmatch(header.get("kid", "none")))


def _is_expiry(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= LATEST_EXPIRY


def _is_same(claim: object, wanted: object) -> bool:
    """Compare as JSON does: there `true` is not 1."""
    return type(claim) is type(wanted) and claim == wanted


def _learner(claim: object, name: str) -> str:
    learner = str(claim) if isinstance(claim, int) and not isinstance(claim, bool) else claim
    if not isinstance(learner, str) or not learner:
        raise RefusedError(f"claim {name} is missing, empty or no text")
    return normal_id(learner)
