"""`pulse ui`: Dagster's UI behind its guard, with schedule and daemon."""

import os
import sys
from contextlib import suppress
from pathlib import Path

import click

from pipelines.command_line import terminal
from pipelines.command_line.options import LOCALHOST, PORT, Writing, config_option
from pipelines.command_line.running import obey_interrupts, refuse_taken_port, say
from pipelines.instance import dagster_home
from pipelines.instance.history import report_what_is_lacking
from pipelines.jobs.abandoned import fail_abandoned_runs_of_home
from warehouse.configuration.configuration import load
from warehouse.disk.lock import run_lock
from warehouse.errors import ConfigurationError, LockHeldError, PulseError

LOOPBACK = {LOCALHOST, "::1", "localhost"}  # Dagster's webserver has no login
NO_LOGIN = "name the hosts under which the UI is reached in [pulse] ui_hosts, and put a login in front: it has none"


@click.command(cls=Writing)
@config_option
@click.option("--host", default=LOCALHOST, metavar="H", help="address to listen on")
@click.option("--port", type=PORT, default=3000, metavar="P", help="port to listen on")
def ui(config: Path, host: str, port: int) -> None:
    """Become `dagster dev` for this configuration: UI behind its guard, schedule and daemon.

    Raises:
        ConfigurationError: it would listen beyond this machine, and no name is configured under which it is reached.
    """
    configuration = load(config)
    if host not in LOOPBACK and not configuration.pulse.ui_hosts:
        raise ConfigurationError([f"--host {host}: {NO_LOGIN}"])
    refuse_taken_port(host, port)
    home = dagster_home.prepare(configuration)
    with suppress(LockHeldError), run_lock(configuration, "pulse ui", tell=say):
        fail_abandoned_runs_of_home()
        try:
            reported = report_what_is_lacking(configuration)
        except PulseError as error:  # of a lake or a version that is damaged: the UI is needed all the more
            print(f"what Dagster's history lacks is not reported: {error}", file=sys.stderr, flush=True)
        else:
            if reported:
                print(f"reported to Dagster: {reported:,} days and tables that its history lacked", flush=True)
    arguments = ["-m", "pipelines.instance.ui", "-m", "pipelines.definitions", "-h", host, "-p", str(port)]
    if not terminal.is_debugging():
        os.environ["PYTHONWARNINGS"] = "ignore"
    os.environ["PYTHONIOENCODING"] = terminal.encoding()
    obey_interrupts()
    os.chdir(home)
    os.execv(sys.executable, [sys.executable, *arguments])  # noqa: S606 - our own interpreter
