"""What each command does. A command takes its parsed words and raises a `PulseError` if it cannot do it."""

import os
import sys
from argparse import Namespace
from collections.abc import Callable
from contextlib import suppress

from pipelines.command_line import terminal
from pipelines.command_line.running import (
    LOCALHOST,
    dagster_of,
    explain_if_nothing_is_published,
    need_pipelines,
    obey_interrupts,
    refuse_taken_port,
    run_job,
    say,
)
from warehouse import clock
from warehouse.condition import readiness, space
from warehouse.configuration.configuration import Configuration, Section, configuration_path, load
from warehouse.disk.lock import run_lock
from warehouse.errors import ConfigurationError, LockHeldError, PulseError
from warehouse.versions.versions import Warehouse

Command = Callable[[Namespace], None]
LOOPBACK = {LOCALHOST, "::1", "localhost"}  # Dagster's webserver has no login
NO_LOGIN = "name the hosts under which the UI is reached in [pulse] ui_hosts, and put a login in front: it has none"
GUARDS = ("accept_shrink", "accept_quarantine")


def demo(words: Namespace) -> None:
    """Make the sample platform, run its history, and serve it."""
    from pipelines.command_line import demo as sample  # noqa: PLC0415 - heavy

    sample.run(words.users, words.days, words.port, is_served=not words.no_serve)


def nightly(words: Namespace) -> None:
    """Run the job for one UTC day."""
    day = words.day or clock.last_day_over()
    run_job(configuration_of(words, "sources"), day, day, accepted=_accepted(words))


def backfill(words: Namespace) -> None:
    """Run the job for a range of days, as one run."""
    configuration = configuration_of(words, "sources")
    run_job(configuration, words.first, words.last, stream=words.stream, accepted=_accepted(words))


def reconcile(words: Namespace) -> None:
    """Compare all landings with their sources and restate what has drifted: the job `reconcile`, as `run_job`."""
    need_pipelines()
    configuration = configuration_of(words, "sources")
    with dagster_of(configuration, "pulse reconcile") as listener:
        from pipelines.command_line.dagster_run import run_reconcile  # noqa: PLC0415 - as above

        run_reconcile(_accepted(words), listener)


def build(words: Namespace) -> None:
    """Build and publish a version from the lake alone, without Dagster."""
    need_pipelines()
    configuration = configuration_of(words)
    with run_lock(configuration, "pulse build", tell=say):
        readiness.refuse_unusable(configuration)
        space.refuse_if_short(configuration)
        from assets.all_steps import publish_lake  # noqa: PLC0415
        from assets.night.interrupts import obeyed  # noqa: PLC0415
        from assets.night.night import Night  # noqa: PLC0415
        from assets.night.progress import Progress  # noqa: PLC0415
        from pipelines.command_line.progress_bars import listener  # noqa: PLC0415

        with listener() as shown, obeyed(shown) as told:
            publish_lake(Night.of(configuration, Progress(told)), _accepted(words))
        explain_if_nothing_is_published(configuration)


def erase(words: Namespace) -> None:
    """Erase a learner from lake and versions; standard output gets the receipt, standard error everything else."""
    need_pipelines()
    configuration = configuration_of(words)
    with run_lock(configuration, "pulse erase", tell=_warn):
        from assets.all_steps import publish_whatever_is_ahead  # noqa: PLC0415
        from assets.erase.erase import erase as erase_learner  # noqa: PLC0415
        from assets.night.interrupts import obeyed  # noqa: PLC0415
        from assets.night.night import Night  # noqa: PLC0415
        from assets.night.progress import Progress  # noqa: PLC0415
        from pipelines.command_line.progress_bars import listener  # noqa: PLC0415

        try:
            with listener(sys.stderr) as shown, obeyed(shown) as told:
                night = Night.of(configuration, Progress(told))
                erased = erase_learner(night, words.user_id, publish_whatever_is_ahead)
        except BaseException:
            print("pulse: the erasure is not complete, run it again", file=sys.stderr)
            raise
    print(erased.receipt.to_json(), end="", flush=True)
    if erased.failure:
        raise PulseError(erased.failure)
    if lost := terminal.lost_output():
        message = f"the learner is erased, but standard output cannot be written ({lost.strerror}); the receipt is "
        raise PulseError(f"{message}{erased.receipt.place}")


def serve(words: Namespace) -> None:
    """Serve the API until told to stop."""
    configuration = configuration_of(words, "auth")
    from pipelines.command_line.serving import serve as start  # noqa: PLC0415 - only this command needs the server

    start(configuration, words.host, words.port, words.workers)


def ui(words: Namespace) -> None:
    """Become `dagster dev` for this configuration: UI behind its guard, schedule and daemon.

    Raises:
        ConfigurationError: it would listen beyond this machine, and no name is configured under which it is reached.
    """
    need_pipelines()
    configuration = configuration_of(words)
    if words.host not in LOOPBACK and not configuration.pulse.ui_hosts:
        raise ConfigurationError([f"--host {words.host}: {NO_LOGIN}"])
    refuse_taken_port(words.host, words.port)
    from pipelines.instance import dagster_home  # noqa: PLC0415

    home = dagster_home.prepare(configuration)
    with suppress(LockHeldError), run_lock(configuration, "pulse ui", tell=say):
        from pipelines.instance.history import report_what_is_lacking  # noqa: PLC0415 - as above
        from pipelines.jobs.abandoned import fail_abandoned_runs_of_home  # noqa: PLC0415 - imports Dagster

        fail_abandoned_runs_of_home()
        try:
            reported = report_what_is_lacking(configuration)
        except PulseError as error:  # of a lake or a version that is damaged: the UI is needed all the more
            print(f"what Dagster's history lacks is not reported: {error}", file=sys.stderr, flush=True)
        else:
            if reported:
                print(f"reported to Dagster: {reported:,} days and tables that its history lacked", flush=True)
    arguments = ["-m", "pipelines.instance.ui", "-m", "pipelines.definitions", "-h", words.host, "-p", str(words.port)]
    if not terminal.is_debugging():
        os.environ["PYTHONWARNINGS"] = "ignore"
    os.environ["PYTHONIOENCODING"] = terminal.encoding()
    obey_interrupts()
    os.chdir(home)
    os.execv(sys.executable, [sys.executable, *arguments])  # noqa: S606 - our own interpreter


def still_served(words: Namespace) -> str:
    """Return the end of an error's line: which version readers still get, empty if that cannot be told."""
    try:
        current = Warehouse.of(configuration_of(words)).current()
    except ConfigurationError:
        return ""
    return f"; last version {current} still served" if current else "; nothing is published"


def configuration_of(words: Namespace, *uses: Section) -> Configuration:
    """Load the configuration that a command's words mean, with the sections that it uses."""
    return load(words.config or configuration_path(), uses)


def _warn(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _accepted(words: Namespace) -> tuple[str, ...]:
    return tuple(guard for guard in GUARDS if getattr(words, guard, False))
