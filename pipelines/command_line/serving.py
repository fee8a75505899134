"""The one place where the command reaches into the server's room."""

from serve import server
from warehouse.configuration.configuration import Configuration


def serve(configuration: Configuration, host: str, port: int, workers: int = 1) -> None:
    """Serve a configuration's published version until told to stop.

    Args:
        configuration: loaded with the section `auth`, so that its mistakes are known before a worker starts.
        host: the address to listen on.
        port: the port to listen on.
        workers: how many processes answer.
    """
    server.serve(configuration.path, host, port, workers)
