"""The URL of a source: what is wrong with one as it is written, and what of it may be printed.

Of a URL only host and database ever reach a message. Nothing is connected here, and no driver is imported: both the
night and the server's key store ask.
"""

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, quote, quote_plus, unquote

HIDDEN = "***"
SHORTEST_TO_FIND_ANYWHERE = 4  # what is shorter is hidden as a word only, or every message would be full of stars
OF_A_PLACE = {"host", "hostaddr", "dbname", "database", "unix_socket"}  # what a query may say of host and database
OF_FILES = {"sqlite", "duckdb"}  # whose URLs name a file, and have no password
ENCODE = 'percent-encode the password, "@" is "%40", "/" is "%2F", "%" is "%25"'


def credentials_mistake(url: str) -> str | None:
    """Return what is wrong with how user and password stand in a URL; None if nothing is.

    Where a password ends cannot be told if it has an `@` of its own: a part of it would be taken for the host, and
    asked for in the network.

    Args:
        url: as configured, its `${NAME}` replaced.
    """
    scheme, _, rest = url.partition("://")
    if scheme.partition("+")[0] in OF_FILES or not _has_credentials(rest):
        return None
    credentials, _, others = rest.partition("@")
    address = others.partition("?")[0]
    is_query = re.search(r"\?\w+=", credentials) is not None  # whose own @ would be taken for the end of a password
    return f'more than one "@" before its path; {ENCODE}' if "@" in address or is_query else None


def masked(text: str, url: str) -> str:
    """Return a text without anything of a URL but its host and database, whoever wrote it.

    Args:
        text: what a driver says.
        url: of the source that it speaks of, without a mistake.
    """
    secrets = {spelled: is_word for plain, is_word in _secrets(url) for spelled in _spellings(plain)}
    for secret in sorted(secrets, key=len, reverse=True):
        is_word = secrets[secret] or len(secret) < SHORTEST_TO_FIND_ANYWHERE
        pattern = rf"(?<!\w){re.escape(secret)}(?!\w)" if is_word else re.escape(secret)
        text = re.sub(pattern, HIDDEN, text, flags=re.IGNORECASE)
    return text


def _has_credentials(rest: str) -> bool:
    """Whether there is an `@` that ends a user's name or password, which may have a `/` of its own."""
    before = rest.partition("@")[0]
    return "@" in rest and ("/" not in before or ":" in before.partition("/")[0])


def _secrets(url: str) -> Iterator[tuple[str, bool]]:
    """Everything of a URL that is neither host nor database, and whether it is hidden only where it is a word."""
    rest = url.partition("://")[2]
    credentials, _, others = rest.partition("@") if _has_credentials(rest) else ("", "", rest)
    user, _, password = credentials.partition(":")
    yield user, True
    yield password, False
    for name, value in parse_qsl(others.partition("?")[2]):
        if name not in OF_A_PLACE:
            yield value, "passw" not in name


def _spellings(raw: str) -> Iterator[str]:
    """The ways in which a driver may spell a part of a URL."""
    for plain in {raw, unquote(raw)} - {""}:
        yield from (plain, quote(plain, safe=""), quote(plain), quote(plain, safe=" +"), quote_plus(plain))
        yield repr(plain)[1:-1]
