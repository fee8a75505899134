"""What somebody does who has read docs/guide/operate.md, and nothing else: every command in a process of its own.

From nothing to a night, a served page and a scheduled night; then a night that fails, is noticed, repaired and
explained. Dates are those of the present, as a night of a person has them.
"""

import json
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from pipelines.demo.platform import demo_configuration, make_platform
from tests.support.running.command_place import Place
from tests.support.running.listeners import Listener, webhook
from tests.support.running.running_server import serving
from warehouse import clock
from warehouse.configuration.configuration import load

pytestmark = pytest.mark.slow
SECRET = "a secret of a stranger, and over 32 bytes"
ALERTS = '\n[alerts]\nwebhook = "http://127.0.0.1:{port}/"\n'


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A platform of ten days up to yesterday, and the file that somebody has written for it."""
    last = clock.last_day_over()
    made = make_platform(tmp_path / "platform.sqlite", users=5, days=10, last_day=last)
    text = demo_configuration("var", "sqlite:///platform.sqlite", made.first_day, SECRET)
    metrics = tmp_path / "metrics"
    metrics.mkdir()
    (tmp_path / "pulse.toml").write_text(text.replace("[pulse]", '[pulse]\nmetrics_dir = "metrics"', 1))
    return Place(tmp_path)


def change(place: Place, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(place.folder / "platform.sqlite")) as platform, platform:
        platform.execute(statement, values)


def test_from_nothing_to_a_night_that_failed_was_noticed_repaired_and_explained(place: Place) -> None:
    with webhook() as listener:
        settings = place.folder / "pulse.toml"
        settings.write_text(settings.read_text() + ALERTS.format(port=listener.port))
        first = publish(place, listener)
        fail(place, listener, first)
        repair(place, listener, first)


def publish(place: Place, listener: Listener) -> str:
    """Look at everything, run the first night and open a page; return the version."""
    code, checked, _ = place.pulse("check", "--json")
    assert code == 0
    assert not [finding for finding in json.loads(checked) if finding["status"] == "failed"]
    assert place.pulse("alert", "test")[0] == 0
    assert json.loads(listener.bodies.pop())["kind"] == "test"
    code, out, _ = place.pulse("nightly")
    assert code == 0
    first = place.warehouse.current()
    assert first
    assert f"{first} published" in out
    with serving(load(place.folder / "pulse.toml", ["auth", "serve"])) as server:
        assert server.ask("/health/ready").status == 200
        ((public,), *_) = rows(place, "select username from users where is_public")
        assert server.ask(f"/profile/{public}").status == 200
    assert listener.bodies == []
    return first


def fail(place: Place, listener: Listener, first: str) -> None:
    """Somebody renames a column: the night fails, says why everywhere, and what was published stays."""
    change(place, "alter table quiz_attempts rename column passed to has_passed")
    code, _, err = place.pulse("nightly")
    assert code == 1
    assert "quiz_attempts" in err
    assert f"last version {first} still served" in err
    (alert,) = map(json.loads, listener.bodies)
    assert (alert["kind"], alert["version"]) == ("night_failed", first)
    metrics = (place.folder / "metrics" / "learning_pulse_failed_nightly.prom").read_text()
    assert 'pulse_run_failed_timestamp_seconds{run="nightly"}' in metrics
    code, status, _ = place.pulse("status")
    assert code == 0
    assert first in status
    code, checked, _ = place.pulse("check", "--stream", "quiz_attempts")
    assert code == 1
    assert "passed" in checked
    assert place.warehouse.current() == first


def repair(place: Place, listener: Listener, first: str) -> None:
    """The mapping follows, a late row is restated and explained, and a rollback and back is tried."""
    settings = place.folder / "pulse.toml"
    text = settings.read_text()
    assert 'passed = "passed"' in text
    settings.write_text(text.replace('passed = "passed"', 'passed = "has_passed"'))
    late = f"{clock.last_day_over() - timedelta(days=3)} 12:00:00"
    ((learner,),) = rows(place, "select user_id from pulse_totals order by total_xp_earned desc limit 1")
    change(place, "insert into xp_events values ('late', ?, ?, 7, ?)", learner, late, late)
    assert place.pulse("nightly")[0] == 0
    assert place.warehouse.current() != first
    assert len(listener.bodies) == 1
    explained = rows(place, "select measure, new - old, reason from restatements where measure = 'xp_earned'")
    assert explained == [("xp_earned", 7, "source")]
    code, out, _ = place.pulse("reconcile")
    assert code == 0
    assert "equal their sources" in out
    code, versions, _ = place.pulse("versions")
    assert code == 0
    assert first in versions
    assert place.pulse("rollback")[0] == 0
    assert place.warehouse.current() == first
    assert place.pulse("unpin")[0] == 0


def rows(place: Place, query: str) -> list[tuple[object, ...]]:
    """Ask the file that analysts open."""
    with duckdb.connect(place.warehouse.pointer, read_only=True) as connection:
        return connection.execute(query).fetchall()
