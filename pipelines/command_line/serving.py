"""The one place where the command reaches into the server's room."""

from collections.abc import Iterator

from assets.examine.finding import Finding, Status
from serve import server
from serve.credentials.examination import examined
from warehouse.configuration.configuration import Configuration, load
from warehouse.errors import ConfigurationError

NOT_SET = "is not set"
WAYS_OUT = {
    "key set": "put a set with a key for auth.algorithms there, or correct auth.jwks",
    "api keys": "let the role of that source select those columns, or correct [auth.api_keys]",
}


def serve(configuration: Configuration, host: str, port: int, workers: int = 1) -> None:
    """Serve a configuration's published version until told to stop.

    Args:
        configuration: loaded with the section `auth`, so that its mistakes are known before a worker starts.
        host: the address to listen on.
        port: the port to listen on.
        workers: how many processes answer.
    """
    server.serve(configuration.path, host, port, workers)


def look_at_credentials(configuration: Configuration) -> Iterator[Finding]:
    """Yield what there is to say of `[auth]` and `[serve]`, as `pulse serve` would use them; nothing without `[auth]`.

    A variable that is not set is a warning: where only nights run, nobody needs it.

    Args:
        configuration: any; what it needs of the environment is resolved here.
    """
    if configuration.auth is None:
        return
    try:
        resolved = load(configuration.path, ["auth", "serve"])
    except ConfigurationError as error:
        for mistake in error.mistakes:
            line = mistake.removeprefix(f"{configuration.path}: ")
            is_unset = line.endswith(NOT_SET)
            way_out = "set it where `pulse serve` runs; a night needs it not" if is_unset else "correct it"
            status: Status = "warning" if is_unset else "failed"
            yield Finding("server", "credentials", status, line, way_out)
        return
    for check, wrong in examined(resolved):
        if wrong is None:
            yield Finding("server", check, "ok", "the server can check credentials by it")
        else:
            yield Finding("server", check, "failed", wrong, WAYS_OUT[check])
