"""Terminating a run of Dagster's: it ends there, cancelled, and nothing is half (FAULTS 64).

As Dagster's own process of a run does it: the run is marked, the signal is sent to the process, and Dagster's handlers
are in place. `tests/pipelines/instance/test_dagster_clicks.py` presses the button of a running UI.
"""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import dagster as dg
import pytest

from assets.step2_land import land as landing_step
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import FIRST_NIGHT, SECOND_NIGHT
from tests.support.running.dagster_place import Place, at_home, executed, run_of
from warehouse import crash_points
from warehouse.disk.files import UNFINISHED
from warehouse.disk.lock import run_lock
from warehouse.errors import SourceUnavailableError
from warehouse.versions.manifest import sha256_of
from warehouse.versions.versions import Warehouse

Hook = Callable[[str], None]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A platform whose first night is published, with one version kept so that the second one prunes."""
    configuration = small_platform.make(tmp_path)
    small_platform.publish(configuration, FIRST_NIGHT)
    text = configuration.path.read_text()
    configuration.path.write_text(text.replace("[pulse]\n", "[pulse]\nkeep_versions = 1\n", 1))
    assert Place(tmp_path).configuration.pulse.keep_versions == 1
    return Place(tmp_path)


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The logical hash of the second night when nobody interrupts it."""
    configuration = small_platform.make(tmp_path_factory.mktemp("expected"))
    small_platform.publish(configuration, FIRST_NIGHT)
    small_platform.publish(configuration, SECOND_NIGHT)
    return Place(configuration.path.parent).logical_hash


class Terminator:
    """Terminates a run when it is told to, once."""

    def __init__(self, instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
        self.has_come = False
        self._instance, self._run = instance, run

    def __call__(self) -> None:
        if not self.has_come:
            self.has_come = True
            self._instance.report_run_canceling(self._run)
            signal.raise_signal(signal.SIGINT)


@contextmanager
def told_of_crash_points(hook: Hook) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for module in [
            one for name, one in sys.modules.items() if name.startswith(("assets", "pipelines", "warehouse"))
        ]:
            if hasattr(module, "reached"):
                patch.setattr(module, "reached", hook)
        yield


def assert_nothing_is_half(place: Place, expected: str) -> None:
    """The lock is free, the pointer's file is whole, nothing unfinished is left, and the night can be had."""
    configuration = place.configuration
    assert not list(configuration.data_dir.rglob(f".*{UNFINISHED}*"))
    warehouse = Warehouse.of(configuration)
    assert place.current is not None
    assert warehouse.manifest(place.current).sha256 == sha256_of(warehouse.file(place.current))
    assert {file.stem for file in (warehouse.root / "versions").glob("*.json")} == set(warehouse.kept())
    with run_lock(configuration, "the test"):
        small_platform.publish(configuration, SECOND_NIGHT)
    assert place.logical_hash == expected


def terminated_at(place: Place, point: str, expected: str) -> None:
    with at_home(place) as instance:
        run = run_of(instance, SECOND_NIGHT)
        terminate = Terminator(instance, run)
        with told_of_crash_points(lambda name: terminate() if name == point else None):
            assert executed(instance, run) == dg.DagsterRunStatus.CANCELED
        assert terminate.has_come
        assert not list(instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_UP_FOR_RETRY))
    assert_nothing_is_half(place, expected)


@pytest.mark.slow
def test_terminated_in_the_first_stream_the_run_is_cancelled_and_not_tried_again(place: Place, expected: str) -> None:
    """FAULTS 64."""
    terminated_at(place, crash_points.NAMES[0], expected)
    assert len(Warehouse.of(place.configuration).kept()) == 1


@pytest.mark.one_in(3)
@pytest.mark.slow
@pytest.mark.parametrize("point", crash_points.NAMES[1:])
def test_terminated_at_any_point_the_run_is_cancelled_and_nothing_is_half(
    point: str, place: Place, expected: str
) -> None:
    """FAULTS 64."""
    terminated_at(place, point, expected)


STEPS = ["lake__xp_events", "lake__learning_sessions", "lake__quiz_attempts", "lake__users"]


@pytest.mark.one_in(3)
@pytest.mark.slow
@pytest.mark.parametrize("kind", ["STEP_START", "STEP_OUTPUT", "ASSET_MATERIALIZATION"])
@pytest.mark.parametrize("step", ["the streams", "lake__users", "lake__activity", "version", "warehouse__pulse"])
def test_terminated_while_dagster_tells_of_a_step_the_run_is_cancelled(
    step: str, kind: str, place: Place, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FAULTS 64: the first event of every step, and those in which Dagster and not we are at work."""
    step = f"lake__{place.configuration.event_streams[0].name}" if step == "the streams" else step
    with at_home(place) as instance:
        run = run_of(instance, SECOND_NIGHT)
        terminate = Terminator(instance, run)
        handle = dg.DagsterInstance.handle_new_event

        def handle_and_terminate(self: dg.DagsterInstance, event: dg.EventLogEntry, **words: object) -> None:
            handle(self, event, **words)  # type: ignore[arg-type]
            if event.step_key == step and event.dagster_event and event.dagster_event.event_type_value == kind:
                terminate()

        monkeypatch.setattr(dg.DagsterInstance, "handle_new_event", handle_and_terminate)
        monkeypatch.setattr(dg.RetryPolicy, "calculate_delay", lambda *_: 0.01)
        is_last = step == "warehouse__pulse" and kind != "STEP_START"
        status = executed(instance, run)
        assert terminate.has_come
        assert status == dg.DagsterRunStatus.CANCELED or (is_last and place.current != small_platform.FIRST)
    assert_nothing_is_half(place, expected)


@pytest.mark.slow
def test_a_signal_that_came_out_as_a_fault_of_the_source_ends_the_run(
    place: Place, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FAULTS 64: a driver swallows the exception of the signal, and says that it could not read."""
    with at_home(place) as instance:
        run = run_of(instance, SECOND_NIGHT)
        terminate = Terminator(instance, run)

        def land(_: object, stream: object, *__: object, **___: object) -> None:
            with suppress(BaseException):
                terminate()
            message = f"stream {stream}: source platform failed: user-defined function raised exception; is it up?"
            raise SourceUnavailableError(message)

        with monkeypatch.context() as patch:
            patch.setattr(landing_step, "land", land)
            assert executed(instance, run) == dg.DagsterRunStatus.CANCELED
        failed = [entry.step_key for entry in instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)]
        assert len(failed) == 1, "no other step has begun"
    assert_nothing_is_half(place, expected)
