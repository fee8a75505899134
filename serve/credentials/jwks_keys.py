"""What a key set holds: which of its keys are for our algorithms, and what is read of them (docs/guide/connect.md).

Where a set comes from and how long it is good is `jwks.py`.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from typing import Any

import jwt

from serve.credentials.bearer import Key

logger = logging.getLogger(__name__)
LARGEST_BYTES = 64 * 1024
# Which keys are for which algorithm, and what is read of them: never the private parts.
FITTING: Mapping[str, tuple[Mapping[str, str], tuple[str, ...]]] = {
    "RS256": ({"kty": "RSA"}, ("n", "e")),
    "ES256": ({"kty": "EC", "crv": "P-256"}, ("x", "y")),
    "EdDSA": ({"kty": "OKP", "crv": "Ed25519"}, ("x",)),
}


KeysById = Mapping[tuple[str | None, str], Sequence[Key]]


class KeySetError(Exception):
    """The content is no key set by which a token could be checked."""


def read_keys(content: bytes, algorithms: Sequence[str]) -> KeysById:
    """Return the keys of a key set that are for the algorithms; all others in it are ignored.

    Raises:
        KeySetError: it is no key set, or nothing in it can be used.
    """
    if len(content) > LARGEST_BYTES:
        raise KeySetError(f"more than {LARGEST_BYTES} bytes")
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise KeySetError("no JSON") from error
    listed = document.get("keys") if isinstance(document, dict) else None
    keys: dict[tuple[str | None, str], list[Key]] = {}
    for entry in listed if isinstance(listed, list) else []:
        for algorithm in algorithms:
            if isinstance(entry, dict) and (key := _key(entry, algorithm)):
                keys.setdefault((entry.get("kid"), algorithm), []).append(key)
    if not keys:
        raise KeySetError(f"no key for {', '.join(algorithms)}")
    return keys


def _key(entry: Mapping[str, Any], algorithm: str) -> Key | None:
    """Return an entry of a key set as a key for an algorithm, None if it is none."""
    kind, parts = FITTING[algorithm]
    operations = entry.get("key_ops", ["verify"])
    is_fitting = (
        all(entry.get(name) == value for name, value in kind.items())
        and all(isinstance(entry.get(name), str) for name in parts)
        and isinstance(entry.get("kid"), str | None)
        and entry.get("use", "sig") == "sig"
        and entry.get("alg", algorithm) in (algorithm, kind.get("crv"))  # RFC 9864 calls EdDSA by its curve
        and isinstance(operations, list)
        and "verify" in operations
    )
    if not is_fitting:
        return None
    implementation = jwt.get_algorithm_by_name(algorithm)
    try:
        material = implementation.from_jwk({**kind, **{name: entry[name] for name in parts}})
        reason = implementation.check_key_length(material)
    except (jwt.PyJWTError, ValueError, OverflowError) as error:
        reason = type(error).__name__
    if reason:
        logger.warning("key set: a key for %s is ignored: %s", algorithm, reason)
        return None
    return Key(algorithm, material)
