"""The errors of refused requests: the answer, and the reason in one word for log and metrics.

See docs/reference/http.md; FAULTS 31 to 36.

All errors of a status have the same body, so trying credentials teaches nothing. The reasons are few, because each is a
label of a metric. The message is for the log, and never has a part of the credential.
"""

from collections.abc import Mapping
from enum import StrEnum


class Reason(StrEnum):
    """Why a credential was not enough."""

    MISSING = "missing"  # there is none
    AMBIGUOUS = "ambiguous"  # there are two
    MALFORMED = "malformed"  # nothing of the form of a token or a key
    HEADER = "header"  # an algorithm, a key or an extension that is not ours
    UNKNOWN_KEY = "unknown_key"  # signed, it says, with a key that is not in the set
    SIGNATURE = "signature"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    CLAIMS = "claims"  # well signed, but not for us, or without a learner
    API_KEY = "api_key"  # unknown, revoked, expired
    SCOPE = "scope"  # a good key that may do less
    NO_KEY_SET = "no_key_set"  # no fault of the credential: there is nothing to check it with
    KEY_STORE = "key_store"  # as above, for API keys
    OPS_TOKEN = "ops_token"  # noqa: S105 - not what `serve.ops_token` asks for


class CredentialError(Exception):
    """A request that is not let through.

    Args:
        reason: the word for log and metrics.
        message: what was wrong, for the log.
    """

    status = 401
    detail: str | dict[str, object] = "Invalid or missing credentials"
    headers: Mapping[str, str] = {"WWW-Authenticate": "Bearer"}

    def __init__(self, reason: Reason, message: str) -> None:
        self.reason = reason
        super().__init__(f"{reason}: {message}")


class RefusedError(CredentialError):
    """The request carries no credential that is good."""


class ExpiredError(RefusedError):
    """The token has expired; only a token with a good signature gets this answer."""

    headers: Mapping[str, str] = {
        "WWW-Authenticate": 'Bearer error="invalid_token", error_description="The token has expired"'
    }

    def __init__(self) -> None:
        super().__init__(Reason.EXPIRED, "the token has expired")


class AmbiguousError(CredentialError):
    """The request carries two credentials, or one twice."""

    status = 400
    detail = "One credential is needed: Authorization or X-API-Key, once"
    headers: Mapping[str, str] = {}

    def __init__(self, message: str) -> None:
        super().__init__(Reason.AMBIGUOUS, message)


class ScopeError(CredentialError):
    """The key is good and may not do this.

    Args:
        required: the scope that is asked for.
        granted: those that the key has.
    """

    status = 403
    headers: Mapping[str, str] = {}

    def __init__(self, required: str, granted: list[str]) -> None:
        super().__init__(Reason.SCOPE, "the key lacks the scope")
        self.detail = {
            "error": "INSUFFICIENT_API_KEY_SCOPE",
            "message": f"The API key lacks the scope {required}",
            "required_scope": required,
            "granted_scopes": granted,
        }


class UnavailableError(CredentialError):
    """There is nothing to check the credential with at this moment.

    Args:
        reason: which of the two is missing.
        message: what was wrong, for the log.
        retry_after: seconds after which asking again may help.
    """

    status = 503
    detail = "Credentials cannot be checked right now"

    def __init__(self, reason: Reason, message: str, retry_after: int) -> None:
        super().__init__(reason, message)
        self.headers: Mapping[str, str] = {"Retry-After": str(retry_after)}


class UnansweredError(Exception):
    """A file that says what may be shown cannot be read: 503, for everybody."""
