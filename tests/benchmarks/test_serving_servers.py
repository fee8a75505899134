"""Question 5's servers as people use them and those of another commit: each its own, and what they cost."""

from pathlib import Path

import pytest

from tests.benchmarks import serving, serving_costs, serving_servers, serving_world
from tests.benchmarks.frame import BenchmarkError
from tests.benchmarks.serving_costs import Load
from warehouse.configuration.configuration import load

CHECKOUT = Path("/elsewhere")


def loads(*milliseconds: float) -> list[Load]:
    return [Load(1_000, 1, 2, 0.1, cpu) for cpu in milliseconds]


def test_every_server_has_a_name_a_port_and_a_folder_of_its_own(tmp_path: Path) -> None:
    servers = serving_servers.servers(CHECKOUT)
    assert {*serving_servers.servers(None)} < {*servers}
    assert len({server.port for server in servers.values()}) == len(servers) == 13
    loaded = {name for *_, who in serving.LOADS.values() for name in serving_servers.with_before(who, CHECKOUT)}
    assert loaded == {*servers}, "every server is loaded, and every one that is loaded is started"
    folders = [
        servers[name].folder(tmp_path) for name in ("ours", "ours, before", "ours, as used", "limit, as used, before")
    ]
    assert folders == [tmp_path, tmp_path / "before", tmp_path / "as used", tmp_path / "before" / "as used"]


def test_a_server_as_used_has_the_same_data_and_rate_limits(tmp_path: Path) -> None:
    (tmp_path / "pulse.toml").write_text(serving_world.TOML, encoding="utf-8")
    serving_servers.configure_as_used(tmp_path)
    without = load(tmp_path / "pulse.toml", uses=["auth", "serve"])
    used = load(tmp_path / "as used" / "pulse.toml", uses=["auth", "serve"])
    assert used.data_dir == without.data_dir == tmp_path / "var"
    assert (without.serve.rate_limit, without.serve.rate_limit_refused) == ("", "")
    assert (used.serve.rate_limit, used.serve.rate_limit_refused) == ("10000000/minute", "30/minute")
    with pytest.raises(BenchmarkError, match="does not say that there are no rate limits"):
        serving_servers.configure_as_used(tmp_path / "as used")


def test_what_an_answer_costs_stands_beside_that_of_the_commit_before() -> None:
    found = {
        "uniform": {"ours": loads(0.5, 0.6, 0.7), "limit": loads(0.3), "limit, before": loads(0.4)},
        "Zipf": {"ours": loads(0.4), "limit": loads(0.3)},
        "uniform, as used": {"ours, as used": loads(0.78), "limit, as used": loads(0.6)},
        "Zipf, as used": {"ours, as used": loads(0.6), "limit, as used": loads(0.36)},
    }
    goals = {goal.goal: (goal.found, goal.is_reached) for goal in serving_costs.goals_of_processor_time(found)}
    assert goals == {
        "the limit itself: processor time of an answer": ("300 µs", None),
        "the limit itself: at most 0.65 of the processor time of the commit before": ("0.75 (400 µs before)", False),
        "Zipf, ours: with rate limits and `br` at most 1.25 times without": ("1.50 times (+200 µs)", False),
        "Zipf, limit: with rate limits and `br`": ("1.20 times (+60 µs)", None),
        "uniform, ours: with rate limits and `br` at most 1.4 times without": ("1.30 times (+180 µs)", True),
        "uniform, limit: with rate limits and `br`": ("2.00 times (+300 µs)", None),
    }
    heading, *rows = serving_costs.beside_before(found)
    assert len(heading) == 2
    assert rows == [["uniform, limit", "400 to 300 µs (0.75 times)"]]
