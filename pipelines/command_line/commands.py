"""What each command does. A command takes its parsed words and raises a `PulseError` if it cannot do it."""

import os
import signal
import socket
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date

from pipelines.command_line import terminal
from warehouse import clock
from warehouse.condition import readiness, space
from warehouse.configuration.configuration import Configuration, Section, configuration_path, load
from warehouse.disk.lock import run_lock
from warehouse.errors import ConfigurationError, LockHeldError, PulseError
from warehouse.lake.lake import Lake
from warehouse.versions.versions import Warehouse

Command = Callable[[Namespace], None]
LOCALHOST = "127.0.0.1"
LOOPBACK = {LOCALHOST, "::1", "localhost"}  # Dagster's webserver has no login
NO_LOGIN = (
    "name the hosts under which the UI is reached in [pulse] ui_hosts, and put a login in front, because it has none"
)
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


def run_job(
    configuration: Configuration,
    first: date,
    last: date,
    *,
    stream: str | None = None,
    accepted: tuple[str, ...] = (),
) -> None:
    """Run the job `nightly` under the run's lock, which is tried before Dagster is imported.

    Raises:
        ConfigurationError: what was asked for cannot be extracted.
        LockHeldError: another run is under way.
        StorageError: there is too little room on the disk.
        PulseError: the run failed.
    """
    _need_pipelines()
    from assets.step0_plan.plan import planned  # noqa: PLC0415 - light, but only this command needs it

    run = planned(configuration, first, last, stream=stream, accepted=accepted)
    with _dagster_of(configuration, f"pulse for {first} to {last}"):
        from pipelines.command_line.dagster_run import run_nightly  # noqa: PLC0415 - imports Dagster, which takes a second or two

        run_nightly(configuration, run)


def reconcile(words: Namespace) -> None:
    """Compare all landings with their sources and restate what has drifted: the job `reconcile`, as `run_job`."""
    _need_pipelines()
    configuration = configuration_of(words, "sources")
    with _dagster_of(configuration, "pulse reconcile"):
        from pipelines.command_line.dagster_run import run_reconcile  # noqa: PLC0415 - as above

        run_reconcile(_accepted(words))


def build(words: Namespace) -> None:
    """Build and publish a version from the lake alone, without Dagster."""
    _need_pipelines()
    configuration = configuration_of(words)
    with run_lock(configuration, "pulse build", tell=_say):
        readiness.refuse_unusable(configuration)
        space.refuse_if_short(configuration)
        from assets import progress  # noqa: PLC0415
        from assets.interrupts import obeyed  # noqa: PLC0415
        from assets.night.night import publish_lake  # noqa: PLC0415
        from pipelines.command_line.progress_bars import listener  # noqa: PLC0415

        with listener() as shown, obeyed(shown) as told, progress.told_to(told):
            publish_lake(configuration, _accepted(words))
        _explain_if_nothing_is_published(configuration)


def erase(words: Namespace) -> None:
    """Erase a learner from lake and versions; standard output gets the receipt, standard error everything else."""
    _need_pipelines()
    configuration = configuration_of(words)
    with run_lock(configuration, "pulse erase", tell=_warn):
        from assets import progress  # noqa: PLC0415
        from assets.erase.erase import erase as erase_learner  # noqa: PLC0415
        from assets.interrupts import obeyed  # noqa: PLC0415
        from pipelines.command_line.progress_bars import listener  # noqa: PLC0415

        try:
            with listener(sys.stderr) as shown, obeyed(shown) as told, progress.told_to(told):
                erased = erase_learner(configuration, words.user_id)
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
    _need_pipelines()
    configuration = configuration_of(words)
    if words.host not in LOOPBACK and not configuration.pulse.ui_hosts:
        mistake = (
            "name the hosts under which the UI is reached in [pulse] ui_hosts, and put a login in front: it has none"
        )
        raise ConfigurationError([f"--host {words.host}: {mistake}"])
    refuse_taken_port(words.host, words.port)
    from pipelines.instance import dagster_home  # noqa: PLC0415

    home = dagster_home.prepare(configuration)
    with suppress(LockHeldError), run_lock(configuration, "pulse ui", tell=_say):
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
    _obey_interrupts()
    os.chdir(home)
    os.execv(sys.executable, [sys.executable, *arguments])  # noqa: S606 - our own interpreter


@contextmanager
def _dagster_of(configuration: Configuration, purpose: str) -> Iterator[None]:
    """Hold the run's lock, which is tried before Dagster is imported, with its home prepared and progress shown."""
    _obey_interrupts()
    with run_lock(configuration, purpose, tell=_say):
        readiness.refuse_unusable(configuration)
        space.refuse_if_short(configuration)
        from pipelines.instance import dagster_home  # noqa: PLC0415

        dagster_home.prepare(configuration)
        from assets import progress  # noqa: PLC0415
        from pipelines.command_line.progress_bars import listener  # noqa: PLC0415

        with listener() as shown, progress.told_to(shown):  # signals are the matter of the run's resource
            yield
        _explain_if_nothing_is_published(configuration)


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


def _say(line: str) -> None:
    print(line, flush=True)


def _warn(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _explain_if_nothing_is_published(configuration: Configuration) -> None:
    """Say why a run that went well has published nothing (R25)."""
    first_day = configuration.pulse.first_day
    landed = Lake.of(configuration).landings(configuration)
    lacking = [stream.name for stream in configuration.event_streams if (stream.name, first_day) not in landed]
    if lacking:
        print(f"nothing is published before first_day ({first_day}) has landed for {', '.join(lacking)}")


def _obey_interrupts() -> None:
    """Let SIGINT end the process even where a shell that has put it into the background switched that off.

    Dagster does on SIGTERM what is done on SIGINT, so nothing but SIGKILL would end it there.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _accepted(words: Namespace) -> tuple[str, ...]:
    return tuple(guard for guard in GUARDS if getattr(words, guard, False))


def _need_pipelines() -> None:
    """Say clearly that a machine which only serves has been asked for more."""
    from importlib.util import find_spec  # noqa: PLC0415

    if find_spec("dagster") is None:
        raise ConfigurationError(["this installation only serves; install learning-pulse[pipelines] for this command"])
