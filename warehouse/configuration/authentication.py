"""`[auth]` and `[auth.api_keys]`: what makes a token good, and where API keys are looked up (docs/guide/connect.md).

Only the shape of the section and its mistakes belong here; how a credential is checked is in `serve/`.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from warehouse.configuration.serving import PLACEHOLDER

SHORTEST_SECRET_BYTES = 32
LONGEST_PREFIX = 64
PREFIX = re.compile(
    rf"[!-+\--~]{{0,{LONGEST_PREFIX}}}", re.ASCII
)  # visible, and no comma: two headers are joined by one
SYMMETRIC, ASYMMETRIC = ("HS256",), ("RS256", "ES256", "EdDSA")

Algorithm: TypeAlias = Literal["HS256", "RS256", "ES256", "EdDSA"]


def _long_enough(secret: str) -> str:
    if not PLACEHOLDER.search(secret) and len(secret.encode()) < SHORTEST_SECRET_BYTES:
        raise ValueError(f"an HS256 secret needs at least {SHORTEST_SECRET_BYTES} bytes, this one has fewer")
    return secret


def _one_or_more(secret: object) -> object:
    return [secret] if isinstance(secret, str) else secret


def _file_or_https(location: str) -> str:
    """Take a path, or a URL of https with a host and nothing secret in it; it is not repeated in the message."""
    if "://" not in location:
        return location
    try:
        url = urlsplit(location)
        is_good = url.scheme == "https" and bool(url.hostname) and url.username is None and url.port != 0
    except ValueError:
        is_good = False
    if not is_good and not PLACEHOLDER.search(location):
        raise ValueError("a key set is a file or an https URL without a password, such as https://login.example/jwks")
    return location


def _visible(prefix: str) -> str:
    if not PREFIX.fullmatch(prefix) and not PLACEHOLDER.search(prefix):
        raise ValueError(f"a prefix has up to {LONGEST_PREFIX} visible ASCII characters and no comma")
    return prefix


Secret = Annotated[str, AfterValidator(_long_enough)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class ApiKeyColumns(_Part):
    """`auth.api_keys.columns`: which column plays which role.

    Args:
        key_hash: lower-case hex SHA-256 of the whole key.
        user_id: the learner whom the key acts as.
        expires_at: when it ends; null is never.
        revoked_at: a key of which this is not null is revoked.
        scopes: text separated by spaces or commas, a JSON array, or an array.
    """

    key_hash: str = Field(min_length=1)
    user_id: str = Field(min_length=1)
    expires_at: str | None = Field(default=None, min_length=1)
    revoked_at: str | None = Field(default=None, min_length=1)
    scopes: str | None = Field(default=None, min_length=1)


class ApiKeys(_Part):
    """`[auth.api_keys]`: the table in which keys are looked up, live.

    Args:
        source: the name of a source.
        table: `table` or `schema.table`.
        columns: which column plays which role.
        prefix: what a key begins with; anything else never reaches the table.
        required_scope: the scope that a key needs; empty for none.
    """

    source: str
    table: str = Field(min_length=1)
    columns: ApiKeyColumns
    prefix: Annotated[str, AfterValidator(_visible)] = "xntr-"
    required_scope: str = ""


class Auth(_Part):
    """`[auth]`: what makes a credential good.

    Args:
        algorithms: HS256 with secrets, or any of the others with a key set.
        secret: the secrets of HS256; more than one while they rotate.
        jwks: the key set of the others: a file, relative to the configuration, or an https URL.
        audience: the `aud` that a token must have, if set.
        issuer: the `iss` that a token must have, if set.
        user_claim: the claim that is the learner's id.
        required_claims: claims that a token must have, with their values.
        api_keys: where keys are looked up; without it there are none.
    """

    algorithms: Annotated[list[Algorithm], Field(min_length=1)] = ["HS256"]
    secret: Annotated[list[Secret], BeforeValidator(_one_or_more), Field(min_length=1)] | None = None
    jwks: Annotated[str, Field(min_length=1), AfterValidator(_file_or_https)] | None = None
    audience: str | None = None
    issuer: str | None = None
    user_claim: str = Field(default="sub", min_length=1)
    required_claims: dict[str, str | int | bool] = {}
    api_keys: ApiKeys | None = None

    @property
    def secrets(self) -> list[str]:
        """All secrets that are good now; none where a key set says which keys are."""
        return self.secret or []


def auth_mistakes(document: Mapping[str, Any]) -> list[str]:
    """Return what no single field of `[auth]` shows: algorithms without their keys, a source that is not there."""
    auth = document.get("auth")
    if not isinstance(auth, dict):
        return []
    return _key_mistakes(auth) + _api_key_mistakes(auth, document.get("sources"))


def key_source(document: Mapping[str, Any]) -> str | None:
    """Return the name of the source in which API keys are looked up, None where there is none."""
    auth = document.get("auth")
    api_keys = auth.get("api_keys") if isinstance(auth, dict) else None
    source = api_keys.get("source") if isinstance(api_keys, dict) else None
    return source if isinstance(source, str) else None


def _key_mistakes(auth: Mapping[str, Any]) -> list[str]:
    algorithms = auth.get("algorithms", list(SYMMETRIC))
    if not isinstance(algorithms, list):
        return []
    symmetric = [name for name in SYMMETRIC if name in algorithms]
    asymmetric = [name for name in ASYMMETRIC if name in algorithms]
    if symmetric and asymmetric:
        return [f"auth.algorithms: HS256 cannot stand beside {asymmetric[0]}, it has a secret and not a key set"]
    if symmetric and "jwks" in auth:
        return [f"auth.jwks: HS256 has no key set, set auth.algorithms to some of {', '.join(ASYMMETRIC)}"]
    if symmetric and "secret" not in auth:
        return ["auth.secret: missing, HS256 needs at least one"]
    if asymmetric and "jwks" not in auth:
        return [f"auth.jwks: missing, {asymmetric[0]} needs a file or an https URL"]
    return []


def _api_key_mistakes(auth: Mapping[str, Any], sources: object) -> list[str]:
    api_keys, source = auth.get("api_keys"), key_source({"auth": auth})
    if not isinstance(api_keys, dict):
        return []
    mistakes = []
    if source is not None and not (isinstance(sources, dict) and source in sources):
        mistakes.append(f'auth.api_keys.source: unknown source "{source}", there is no [sources.{source}]')
    columns = api_keys.get("columns")
    if api_keys.get("required_scope") and isinstance(columns, dict) and "scopes" not in columns:
        mistakes.append('auth.api_keys.columns: no column is mapped to "scopes", which required_scope needs')
    return mistakes
