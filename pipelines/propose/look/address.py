"""The URL of a source as it is typed, as it is used, and as it is written: without its password.

A password goes into `${PLATFORM_PASSWORD}`. What the file replaces is text, so the variable holds the password as it
stands in the URL, percent-encoded. `${NAME}` that is typed stays, and is looked up to connect.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

from warehouse.configuration.documents import PLACEHOLDER, resolved
from warehouse.configuration.sources.source_drivers import url_mistakes
from warehouse.configuration.sources.source_url import credentials_mistake
from warehouse.errors import ConfigurationError

SOURCE = "platform"  # the name that the source gets
PASSWORD = "PLATFORM_PASSWORD"  # noqa: S105 - the name of a variable
SECRET = re.compile(r"passw|pwd|secret|token|credential", re.IGNORECASE)  # of arguments behind the `?`


@dataclass(frozen=True)
class Address:
    """Where a source is.

    Args:
        url: to connect by.
        written: for the file, with `${NAME}` in the place of every secret.
        variables: the environment variables that `written` needs, each with what it has to hold.
    """

    url: str = field(repr=False)
    written: str
    variables: Mapping[str, str]


def address_of(typed: str) -> Address:
    """Return the address of a source.

    Args:
        typed: a SQLAlchemy URL, in which `${NAME}` may stand for a part or for all of it.

    Raises:
        ConfigurationError: a variable is not set, or it is no URL that we can use.
    """
    unset: list[str] = []
    url = resolved(typed, "SOURCE_URL", unset)
    if unset:
        raise ConfigurationError(unset)
    ends = [mistake for mistake in (_end_mistake(url), credentials_mistake(url)) if mistake]
    mistakes = ends[:1] or url_mistakes(url)
    if not mistakes and "://" not in url:
        mistakes = ["no URL of a database, write one like postgresql://name:password@host/db or sqlite:///file.sqlite"]
    if mistakes:
        raise ConfigurationError([f"SOURCE_URL: {mistake}" for mistake in mistakes])
    written, variables = _without_secrets(typed)
    named = dict.fromkeys(PLACEHOLDER.findall(written), "as it was set for this command")
    return Address(url, written, named | variables)


def _end_mistake(url: str) -> str | None:
    """Return what is wrong where a password may have a `?`: what follows it would be repeated in messages."""
    is_clear = url.startswith("sqlite") or "@" not in url.partition("?")[2]
    return None if is_clear else 'an "@" behind a "?"; percent-encode both, "?" is "%3F" and "@" is "%40"'


def _without_secrets(typed: str) -> tuple[str, dict[str, str]]:
    """Return a URL without its secrets, and the variables that hold them."""
    scheme, separator, rest = typed.partition("://")
    if not separator or scheme.partition("+")[0] == "sqlite":
        return typed, {}
    variables: dict[str, str] = {}
    credentials, at, others = rest.partition("@") if "@" in rest else ("", "", rest)  # its first ends the password
    location, mark, query = others.partition("?")
    user, colon, password = credentials.partition(":")
    if password and not PLACEHOLDER.fullmatch(password):
        variables[PASSWORD] = "the password, percent-encoded as in the URL"
        password = f"${{{PASSWORD}}}"
    arguments = [_argument(argument, variables) for argument in query.split("&")]
    return f"{scheme}://{user}{colon}{password}{at}{location}{mark}{'&'.join(arguments)}", variables


def _argument(argument: str, variables: dict[str, str]) -> str:
    name, equals, value = argument.partition("=")
    if not value or PLACEHOLDER.fullmatch(value) or not SECRET.search(unquote_plus(name)):
        return argument
    variable = f"PLATFORM_{re.sub(r'[^A-Za-z0-9]+', '_', unquote_plus(name)).upper()}"
    variables[variable] = f"the value of {variable.removeprefix('PLATFORM_').lower()}, percent-encoded as in the URL"
    return f"{name}{equals}${{{variable}}}"
