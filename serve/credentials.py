"""Who asks: a bearer token signed with one of our secrets, and nothing else, says which learner it is."""

import jwt

from warehouse.configuration import Auth
from warehouse.identifiers import normal_id

LEEWAY_SECONDS = 30
LATEST_EXPIRY = 253_402_300_799  # the end of the year 9999


class RefusedError(Exception):
    """The request carries no credential that is good; why is for the log, never for the answer."""


def learner_of(authorization: str | None, auth: Auth) -> str:
    """Return the id of the learner whose token this is, as the lake spells it (R26).

    Args:
        authorization: the request's `Authorization` header.
        auth: what makes a token good.

    Raises:
        RefusedError: the header, the token or one of its claims is not good.
    """
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise RefusedError("no bearer token")
    claims = _claims(token.strip(), auth)
    if not _is_expiry(claims["exp"]):
        raise RefusedError("exp is not a time up to the year 9999")
    if any(claims.get(name) != value for name, value in auth.required_claims.items()):
        raise RefusedError("a required claim is missing or differs")
    learner = claims.get(auth.user_claim)
    if isinstance(learner, int) and not isinstance(learner, bool):
        learner = str(learner)
    if not isinstance(learner, str) or not learner:
        raise RefusedError(f"claim {auth.user_claim} is missing or empty")
    return normal_id(learner)


def _claims(token: str, auth: Auth) -> dict[str, object]:
    required = ["exp"] + ["aud"] * (auth.audience is not None) + ["iss"] * (auth.issuer is not None)
    refusal: Exception | None = None
    for secret in auth.secrets:
        try:
            claims: dict[str, object] = jwt.decode(
                token,
                secret,
                algorithms=list(auth.algorithms),
                audience=auth.audience,
                issuer=auth.issuer,
                leeway=LEEWAY_SECONDS,
                options={"require": required, "verify_aud": auth.audience is not None, "verify_sub": False},
            )
        except (jwt.InvalidTokenError, ValueError, OverflowError, TypeError) as error:
            refusal = error
        else:
            return claims
    raise RefusedError(type(refusal).__name__) from refusal


def _is_expiry(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= LATEST_EXPIRY
