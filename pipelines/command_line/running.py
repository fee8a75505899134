"""How a command runs a job of Dagster: under the run's lock, with progress shown, and Dagster imported late."""

import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from assets.night.progress import Listener
from assets.step0_plan.plan import planned
from pipelines.command_line.alerting import telling
from pipelines.command_line.progress_bars import listener_for
from pipelines.instance import dagster_home
from warehouse.condition import readiness, space
from warehouse.configuration.configuration import Configuration
from warehouse.disk.lock import run_lock
from warehouse.errors import PulseError
from warehouse.lake.lake import Lake


def run_job(  # noqa: PLR0913 - what the commands are asked for
    configuration: Configuration,
    command: str,
    first: date,
    last: date,
    *,
    stream: str | None = None,
    accepted: tuple[str, ...] = (),
) -> None:
    """Run the job `nightly` under the run's lock, which is tried before Dagster is imported; tell whoever is to know.

    Raises:
        ConfigurationError: what was asked for cannot be extracted.
        LockHeldError: another run is under way.
        StorageError: there is too little room on the disk.
        PulseError: the run failed.
    """
    run = planned(configuration, first, last, stream=stream, accepted=accepted)
    purpose = f"pulse for {first} to {last}"
    with telling(configuration, command, say, last), dagster_of(configuration, purpose) as listener:
        from pipelines.command_line.dagster_run import run_nightly  # noqa: PLC0415 - Dagster is slow, the lock comes first

        run_nightly(configuration, run, listener)


@contextmanager
def dagster_of(configuration: Configuration, purpose: str) -> Iterator[Listener]:
    """Hold the run's lock, which is tried before Dagster is imported; prepare its home; yield what shows progress."""
    obey_interrupts()
    with run_lock(configuration, purpose, tell=say):
        readiness.refuse_unusable(configuration)
        space.refuse_if_short(configuration)
        dagster_home.prepare(configuration)
        with listener_for(sys.stdout) as listener:  # signals are the matter of the run's resource
            yield listener
        explain_if_nothing_is_published(configuration)


def say(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)


def explain_if_nothing_is_published(configuration: Configuration) -> None:
    """Say why a run that went well has published nothing (R25)."""
    first_day = configuration.pulse.first_day
    landed = Lake.of(configuration).landed_of_day(configuration, first_day)
    lacking = [stream.name for stream in configuration.event_streams if (stream.name, first_day) not in landed]
    if lacking:
        print(f"nothing is published before first_day ({first_day}) has landed for {', '.join(lacking)}")


def obey_interrupts() -> None:
    """Let SIGINT end the process even where a shell that has put it into the background switched that off.

    Dagster does on SIGTERM what is done on SIGINT, so nothing but SIGKILL would end it there.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)


def refuse_taken_port(host: str, port: int) -> None:
    """Try whether a port can be listened on, before anything is done that takes time.

    Raises:
        PulseError: it is taken, or not ours to take.
    """
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            message = f"port {port} is taken ({error.strerror}); choose another with --port"
            raise PulseError(message) from error
