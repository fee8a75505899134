"""Ids: what R26 makes of them, and the key that they become. `macros.sql` says the same for SQL."""

import hashlib
import re
from string import ascii_lowercase, ascii_uppercase
from uuid import UUID

FOLDED = str.maketrans(ascii_uppercase, ascii_lowercase)
BYTES_OF_UUID = 16
HEX_DIGITS = re.compile(r"[0-9a-fA-F]{32}")
UUID_FORM = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def normal_id(text: str) -> str:
    """Return an id as the lake spells it: a UUID in lower case, any other byte for byte (R26)."""
    return text.lower() if UUID_FORM.fullmatch(text) else text


def uuid_of(value: str | bytes) -> str:
    """Return a UUID in its normal form: from 16 bytes, or from hex digits of any case, with dashes or without.

    Raises:
        ValueError: it is none.
    """
    if isinstance(value, bytes) and len(value) == BYTES_OF_UUID:
        return str(UUID(bytes=value))
    text = value.decode() if isinstance(value, bytes) else value
    if not (HEX_DIGITS.fullmatch(text) or UUID_FORM.fullmatch(text)):  # Python takes more
        raise ValueError("no UUID")
    return str(UUID(text))


def folded(text: str) -> str:
    """Return a text with A to Z as a to z, and nothing else changed."""
    return text.translate(FOLDED)


def user_key(user_id: str) -> int:
    """Return the 63-bit key of a learner: the last eight bytes of the id's MD5, little-endian, shifted right by one.

    Args:
        user_id: a normal id; one that is not UTF-8 (a lone surrogate) has a key that no learner has.
    """
    digest = hashlib.md5(user_id.encode(errors="surrogatepass"), usedforsecurity=False).digest()
    return int.from_bytes(digest[8:], "little") >> 1
