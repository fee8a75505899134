"""What Dagster shows before anything has run: assets, their checks, partitions and the job.

What runs make of them is `tests/pipelines/jobs/test_dagster.py`'s.
"""

import os
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import dagster as dg
import pytest

from assets.orchestration.keys import lake_key, source_key, version_key, warehouse_key
from assets.step6_check.check_list import checks_of
from pipelines.definitions import definitions
from pipelines.jobs.nightly import JOB_NAME
from tests.support.repository import ROOT
from tests.support.running.dagster_place import Place
from warehouse.versions import schema


@pytest.fixture(scope="module")
def graph(platform: Place) -> Any:
    return definitions(platform.configuration).resolve_asset_graph()


def test_without_a_configuration_the_definitions_are_empty_and_hint_at_one() -> None:
    code = "from pipelines.definitions import defs; print(defs.assets, defs.jobs, defs.schedules, defs.metadata)"
    environment = {**os.environ, "PULSE_CONFIG": "/nowhere/pulse.toml", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("None None None")
    for shown in (done.stdout, done.stderr):
        assert "PULSE_CONFIG" in shown
        assert "pulse demo" in shown
    assert done.stderr.count("\n") == 1


def test_lineage_goes_from_each_source_table_to_the_published_file(graph: Any, platform: Place) -> None:
    streams = platform.configuration.streams.values()
    events_of = {lake_key(stream.name) for stream in streams if stream.kind != "users"}
    for stream in streams:
        assert graph.get(lake_key(stream.name)).parent_keys == {source_key(stream)}
        assert not graph.get(source_key(stream)).is_materializable
    assert graph.get(lake_key("activity")).parent_keys == {*events_of, lake_key("users")}
    tables = {version_key(table.name) for table in schema.tables()}
    for table in tables:
        assert graph.get(table).parent_keys == {lake_key("activity"), lake_key("users")}
    assert graph.get(warehouse_key()).parent_keys == tables
    assert warehouse_key().path == ["warehouse", "pulse"]
    assert source_key(platform.configuration.users_streams[0]).path == ["sources", "platform", "users"]


def test_every_asset_is_described_and_stands_in_the_group_of_its_room(graph: Any) -> None:
    keys = graph.get_all_asset_keys()
    assert keys  # a loop over nothing asserts nothing
    for key in keys:
        assert len(graph.get(key).description or "") > 20, key
        assert graph.get(key).group_name == key.path[0]


def test_two_streams_of_one_table_share_its_asset_and_a_schema_is_part_of_the_key(platform: Place) -> None:
    configuration = platform.configuration
    xp = configuration.streams["xp_events"]
    twice = {"one": xp.model_copy(update={"name": "one"}), "two": xp.model_copy(update={"name": "two"})}
    shared = configuration.model_copy(update={"streams": {"users": configuration.users_streams[0], **twice}})
    found = definitions(shared).resolve_asset_graph()
    assert found.get(lake_key("one")).parent_keys == found.get(lake_key("two")).parent_keys == {source_key(xp)}
    assert source_key(xp.model_copy(update={"table": "app.xp"})).path == ["sources", "platform", "app", "xp"]
    of_files = xp.model_copy(update={"table": None, "source": "files", "files": "exports/{day}.csv"})
    assert source_key(of_files).path == ["sources", "files", xp.name]


def test_tables_show_the_columns_that_the_schema_has(graph: Any) -> None:
    for table in schema.tables():
        shown = graph.get(version_key(table.name)).metadata["dagster/column_schema"]
        assert [(column.name, column.type, column.description) for column in shown.columns] == [
            (column.name, column.type, column.comment) for column in table.columns
        ]
    users = graph.get(version_key("users")).metadata["dagster/column_schema"]
    nullable = {column.name: column.constraints.nullable for column in users.columns}
    assert nullable["user_id"] is False
    assert nullable["username"] is True


def test_streams_and_activity_have_a_partition_for_every_day_that_is_over(graph: Any, platform: Place) -> None:
    with_days = {key for key in graph.get_all_asset_keys() if graph.get(key).partitions_def}
    assert with_days == {
        lake_key("activity"),
        *(lake_key(stream.name) for stream in platform.configuration.event_streams),
    }
    one_object = {id(graph.get(key).partitions_def) for key in with_days}
    assert len(one_object) == 1
    keys = graph.get(lake_key("activity")).partitions_def.get_partition_keys(
        current_time=datetime(2026, 1, 3, 0, 0, tzinfo=UTC)
    )
    assert keys == ["2026-01-01", "2026-01-02"]
    for key in with_days:
        assert graph.get(key).backfill_policy == dg.BackfillPolicy.single_run()


def test_every_check_stands_beside_its_table_says_what_holds_and_blocks(platform: Place, graph: Any) -> None:
    keys = {(key.asset_key, key.name) for key in graph.asset_check_keys}
    assert keys == {(version_key(check.table), check.name) for check in checks_of(platform.configuration)}
    for key in graph.asset_check_keys:
        node = graph.get(key)
        assert node.blocking
        assert node.description


def test_only_extraction_is_tried_again_with_growing_pauses(platform: Place) -> None:
    job = definitions(platform.configuration).resolve_job_def(JOB_NAME)
    policies = {
        op.name: op.retry_policy
        for op in (node.definition for node in job.graph.nodes)
        if isinstance(op, dg.OpDefinition)
    }
    streams = {f"lake__{name}" for name in platform.configuration.streams}
    assert {name for name, policy in policies.items() if policy} == streams
    for name in streams:
        policy = policies[name]
        assert policy is not None
        assert (policy.max_retries, policy.backoff) == (3, dg.Backoff.EXPONENTIAL)


def test_the_job_runs_in_one_process_over_all_that_can_be_made(platform: Place) -> None:
    job = definitions(platform.configuration).resolve_job_def(JOB_NAME)
    assert job.executor_def is dg.in_process_executor
    assert job.description
    names = {node.name for node in job.graph.nodes}
    streams = {f"lake__{name}" for name in platform.configuration.streams}
    assert names == {*streams, "lake__activity", "version", "warehouse__pulse"}
