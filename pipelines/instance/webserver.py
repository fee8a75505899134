"""Dagster's webserver as `pulse ui` starts it, behind the guard; it has Dagster's own options.

Dagster's is the same with no guard. Nothing of ours starts that one.
"""

from typing import Any

from dagster_webserver import app
from dagster_webserver.cli import cli
from dagster_webserver.webserver import DagsterWebserver
from starlette.middleware import Middleware

from pipelines.instance.ui_guard import UiGuard
from warehouse.configuration.configuration import configuration_path, load


class GuardedWebserver(DagsterWebserver[Any, Any]):
    """Dagster's webserver, which lets `UiGuard` see every request and handshake first."""

    def build_middleware(self) -> list[Middleware]:
        """Return Dagster's middleware behind ours."""
        hosts = load(configuration_path()).pulse.ui_hosts
        return [Middleware(UiGuard, hosts=hosts), *super().build_middleware()]


if __name__ == "__main__":
    app.DagsterWebserver = GuardedWebserver  # type: ignore[attr-defined] # what `cli` makes its application of
    cli(auto_envvar_prefix="DAGSTER_WEBSERVER")
