"""The claims of a token that one of our keys has signed: whether it is good now, and for us.

See docs/reference/http.md, Tokens; FAULTS 33.

They are read as PyJWT reads them, which a test compares: numbers that are written as text are taken, and a claim that
is null where it is required is missing. `exp` alone has to be a number.
"""

import json
import time
from collections.abc import Mapping
from typing import Any

from serve.http.errors import ExpiredError, Reason, RefusedError
from warehouse.configuration.authentication import Auth

LEEWAY_SECONDS = 30
LATEST_EXPIRY = 253_402_300_799  # the end of the year 9999


class Claims:
    """What the claims of a token must be.

    Args:
        auth: what makes a token good.
    """

    def __init__(self, auth: Auth) -> None:
        self._audience, self._issuer, self._required = auth.audience, auth.issuer, auth.required_claims
        self._needed = ["exp"] + ["aud"] * (auth.audience is not None) + ["iss"] * (auth.issuer is not None)

    def read(self, payload: bytes) -> dict[str, Any]:
        """Return the claims of a token.

        Args:
            payload: of a token whose signature is good.

        Raises:
            RefusedError: they are no claims, not good now, or not for us.
        """
        try:
            claims = json.loads(payload)
        except (ValueError, RecursionError) as error:
            raise RefusedError(Reason.CLAIMS, type(error).__name__) from error
        if not isinstance(claims, dict):
            raise RefusedError(Reason.CLAIMS, "no JSON object")
        for name in self._needed:
            if claims.get(name) is None:
                raise RefusedError(Reason.CLAIMS, f"{name} is missing")
        _check_times(claims, time.time())
        self._check_issuer(claims)
        self._check_audience(claims)
        if not _is_expiry(claims["exp"]):
            raise RefusedError(Reason.CLAIMS, "exp is not a time up to the year 9999")
        if any(not _is_same(claims.get(name), value) for name, value in self._required.items()):
            raise RefusedError(Reason.CLAIMS, "a required claim is missing or differs")
        return claims

    def _check_issuer(self, claims: Mapping[str, Any]) -> None:
        if self._issuer is not None and claims["iss"] != self._issuer:
            raise RefusedError(Reason.CLAIMS, "iss is another")

    def _check_audience(self, claims: Mapping[str, Any]) -> None:
        """Look for our audience, if there is one; it may be one of several, all of which are text."""
        if self._audience is None:
            return
        given = claims["aud"]
        audiences = [given] if isinstance(given, str) and given else given
        is_list = isinstance(audiences, list) and all(isinstance(audience, str) for audience in audiences)
        if not is_list or self._audience not in audiences:
            raise RefusedError(Reason.CLAIMS, "aud is another, or none")


def _check_times(claims: Mapping[str, Any], now: float) -> None:
    if _seconds(claims, "iat", now) > now + LEEWAY_SECONDS or _seconds(claims, "nbf", now) > now + LEEWAY_SECONDS:
        raise RefusedError(Reason.NOT_YET_VALID, "not valid yet")
    if _seconds(claims, "exp", now) <= now - LEEWAY_SECONDS:
        raise ExpiredError


def _seconds(claims: Mapping[str, Any], name: str, otherwise: float) -> float:
    """Return a claim as whole seconds since 1970."""
    if name not in claims:
        return otherwise
    try:
        return int(claims[name])
    except (ValueError, TypeError, OverflowError):
        raise RefusedError(Reason.CLAIMS, f"{name} is no time") from None


def _is_expiry(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= LATEST_EXPIRY


def _is_same(claim: object, wanted: object) -> bool:
    """Compare as JSON does: there `true` is not 1."""
    return type(claim) is type(wanted) and claim == wanted
