"""Whether the server could check credentials, for `pulse check`: its key set can be used, its table of keys answers.

It is done with what the server itself uses, once, and without a server.
"""

from collections.abc import Iterator
from pathlib import Path

from serve.credentials.https import FetchError, fetched
from serve.credentials.jwks import FETCH_SECONDS, key_set
from serve.credentials.jwks_keys import LARGEST_BYTES, KeySetError, read_keys
from serve.credentials.key_store import STORE_SECONDS
from warehouse.configuration.authentication import ApiKeys, Auth
from warehouse.configuration.configuration import Configuration, Source
from warehouse.errors import ConfigurationError

NO_KEY = "0" * 64  # a hash that no key has


def examined(configuration: Configuration) -> Iterator[tuple[str, str | None]]:
    """Yield what was looked at, and what is wrong about it, None where nothing is.

    Args:
        configuration: loaded with the section `auth`.
    """
    auth, folder = configuration.auth, configuration.path.parent
    if auth is None:
        return
    if auth.jwks is None:
        yield "secret", None
    else:
        yield "key set", _mistake_of_key_set(auth, auth.jwks, folder)
    if auth.api_keys is not None:
        source = configuration.sources[auth.api_keys.source]
        yield "api keys", _mistake_of_key_table(auth.api_keys, source, folder)


def _mistake_of_key_set(auth: Auth, location: str, folder: Path) -> str | None:
    try:
        if "://" in location:
            read_keys(fetched(location, seconds=FETCH_SECONDS, most_bytes=LARGEST_BYTES), auth.algorithms)
        else:
            key_set(location, folder, auth.algorithms).check()
    except ConfigurationError as error:
        return "; ".join(error.mistakes).removeprefix("auth.jwks: ")
    except (FetchError, KeySetError) as error:
        return f"{location.partition('?')[0]}: {error}"
    return None


def _mistake_of_key_table(settings: ApiKeys, source: Source, folder: Path) -> str | None:
    where = f"the table {settings.table} of source {settings.source}"
    try:
        from serve.credentials.key_table import KeyTable  # noqa: PLC0415 - only where keys are configured

        table = KeyTable(settings, source, folder, STORE_SECONDS, connections=1)
    except Exception as error:  # noqa: BLE001 - SQLAlchemy or a driver is missing, or the url is none; it may be quoted
        return f"{where} cannot be reached ({type(error).__name__})"
    try:
        table.find(NO_KEY)
    except Exception as error:  # noqa: BLE001 - whatever a driver raises
        return f"{where} does not answer: {table.explain(error)}"
    finally:
        table.close()
    return None
