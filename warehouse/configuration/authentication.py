"""`[auth]` and `[auth.api_keys]`: what makes a token good, and where API keys are looked up (docs/guide/connect.md).

Only the shape of the section and its mistakes belong here; how a credential is checked is in `serve/`.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from warehouse.configuration.documents import PLACEHOLDER, tables
from warehouse.configuration.learners.several import prefix_of
from warehouse.configuration.roles import InColumn, Mapped, Spelling, mapping_mistake

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
        user_id: the learner whom the key acts as; a table says how the id is spelled.
        expires_at: when it ends; null is never.
        revoked_at: a key of which this is not null is revoked.
        scopes: text separated by spaces or commas, a JSON array, or an array.
    """

    key_hash: str = Field(min_length=1)
    user_id: InColumn
    expires_at: str | None = Field(default=None, min_length=1)
    revoked_at: str | None = Field(default=None, min_length=1)
    scopes: str | None = Field(default=None, min_length=1)

    @property
    def spelling(self) -> Spelling:
        """How the learner's id is spelled in the table."""
        return self.user_id if isinstance(self.user_id, Mapped) else Spelling()

    def name_of(self, role: str) -> str | None:
        """Return the column that plays a role, None if none does."""
        mapped: str | Mapped | None = getattr(self, role)
        return mapped.column if isinstance(mapped, Mapped) else mapped


class ApiKeys(_Part):
    """`[auth.api_keys]`: the table in which keys are looked up, live.

    Args:
        source: the name of a source.
        table: `table` or `schema.table`.
        columns: which column plays which role.
        prefix: what a key begins with; anything else never reaches the table.
        required_scope: the scope that a key needs; empty for none.
        learning_time_scope: the scope that it needs, too, for learning time; empty for none.
    """

    source: str
    table: str = Field(min_length=1)
    columns: ApiKeyColumns
    prefix: Annotated[str, AfterValidator(_visible)] = "xntr-"
    required_scope: str = ""
    learning_time_scope: str = ""


class Auth(_Part, Spelling):
    """`[auth]`: what makes a credential good.

    Args:
        algorithms: HS256 with secrets, or any of the others with a key set.
        secret: the secrets of HS256; more than one while they rotate.
        jwks: the key set of the others: a file, relative to the configuration, or an https URL.
        audience: the `aud` that a token must have, if set.
        issuer: the `iss` that a token must have, if set.
        user_claim: the claim that is the learner's id; `as_`, `fold_case` and `prefix` say how it is spelled.
        prefix_claim: the claim that is the prefix, one of those that a users stream has.
        required_claims: claims that a token must have, with their values.
        api_keys: where keys are looked up; without it there are none.
    """

    algorithms: Annotated[list[Algorithm], Field(min_length=1)] = ["HS256"]
    secret: Annotated[list[Secret], BeforeValidator(_one_or_more), Field(min_length=1)] | None = None
    jwks: Annotated[str, Field(min_length=1), AfterValidator(_file_or_https)] | None = None
    audience: str | None = None
    issuer: str | None = None
    user_claim: str = Field(default="sub", min_length=1)
    prefix_claim: str | None = Field(default=None, min_length=1)
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
    mistakes = _key_mistakes(auth) + _api_key_mistakes(auth, document.get("sources"))
    return mistakes + _prefix_mistakes(auth, document)


def key_source(document: Mapping[str, Any]) -> str | None:
    """Return the name of the source in which API keys are looked up, None where there is none."""
    auth = document.get("auth")
    api_keys = auth.get("api_keys") if isinstance(auth, dict) else None
    source = api_keys.get("source") if isinstance(api_keys, dict) else None
    return source if isinstance(source, str) else None


def _prefix_mistakes(auth: Mapping[str, Any], document: Mapping[str, Any]) -> list[str]:
    """A claim may choose among the prefixes that learners have, and among nothing else."""
    if "prefix_claim" not in auth:
        return []
    if "prefix" in auth:
        return ["auth.prefix_claim: it stands beside prefix; leave one of them"]
    users = [stream for _, stream in tables(document, "streams") if stream.get("kind") == "users"]
    if not any(prefix_of(stream) for stream in users):
        way_out = 'user_id = { column = "id", prefix = "a:" }'
        return [f"auth.prefix_claim: no users stream has a prefix that it could name, as in {way_out}"]
    return []


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


def _is_of_duckdb(source: object) -> bool:
    return isinstance(source, dict) and str(source.get("url")).startswith("duckdb")


def _api_key_mistakes(auth: Mapping[str, Any], sources: object) -> list[str]:
    api_keys, source = auth.get("api_keys"), key_source({"auth": auth})
    if not isinstance(api_keys, dict):
        return []
    mistakes = []
    if source is not None and not (isinstance(sources, dict) and source in sources):
        mistakes.append(f'auth.api_keys.source: unknown source "{source}", there is no [sources.{source}]')
    elif isinstance(sources, dict) and _is_of_duckdb(sources.get(source)):
        way_out = "keys are looked up in a database that is written meanwhile; name one of SQLite or of a server"
        mistakes.append(f"auth.api_keys.source: a DuckDB file is locked by whoever writes it; {way_out}")
    columns = api_keys.get("columns")
    if isinstance(columns, dict) and (mistake := mapping_mistake("user_id", "id", columns.get("user_id"))):
        mistakes.append(f"auth.api_keys.columns: {mistake}")
    if isinstance(columns, dict) and isinstance(columns.get("user_id"), dict) and "lookup" in columns["user_id"]:
        mistakes.append("auth.api_keys.columns: user_id takes no lookup, it is the learner's own id")
    has_scopes = not isinstance(columns, dict) or "scopes" in columns
    mistakes += [
        f'auth.api_keys.columns: no column is mapped to "scopes", which {scope} needs'
        for scope in ("required_scope", "learning_time_scope")
        if api_keys.get(scope) and not has_scopes
    ]
    return mistakes
