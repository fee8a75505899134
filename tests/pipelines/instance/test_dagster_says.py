"""What Dagster knows of a night without its log, asked of a running `pulse ui` over GraphQL as its pages ask it.

The platform has rows that break a rule and a learner whose id must appear nowhere: Dagster's events outlive an erasure.
"""

import json
import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.pipelines.instance import dagster_ui
from tests.pipelines.instance.dagster_ui import IN_REPOSITORY, Ui, command, running, yesterday

pytestmark = pytest.mark.slow

ENTRIES = """metadataEntries {
    label
    ... on TextMetadataEntry { text }
    ... on IntMetadataEntry { intValue }
    ... on FloatMetadataEntry { floatValue }
    ... on PathMetadataEntry { path }
    ... on JsonMetadataEntry { jsonString }
    ... on MarkdownMetadataEntry { mdStr }
    ... on TableMetadataEntry { table { records } }
    ... on TableSchemaMetadataEntry { schema { columns { name type description } } }
}"""
ASSET = f"""query($key: AssetKeyInput!) {{ assetNodeOrError(assetKey: $key) {{ ... on AssetNode {{
    kinds opVersion dataVersion
    owners {{ ... on UserAssetOwner {{ email }} ... on TeamAssetOwner {{ team }} }}
    internalFreshnessPolicy {{ ... on TimeWindowFreshnessPolicy {{ failWindowSeconds }} }}
    {ENTRIES}
    assetMaterializations(limit: 100) {{ partition {ENTRIES} }}
    assetObservations(limit: 1) {{ {ENTRIES} }}
}} }} }}"""
TAGS = """query($key: AssetKeyInput!) { assetNodeOrError(assetKey: $key) { ... on AssetNode {
    assetMaterializations(limit: 100) { partition tags { key value } }
} } }"""
FIELDS = """query($repository: RepositorySelector!) { repositoryOrError(repositorySelector: $repository) {
    ... on Repository { allTopLevelResourceDetails {
        name configFields { name description isRequired defaultValueAsJson }
    } }
} }"""
LINES = """query($run: ID!) { logsForRun(runId: $run) { ... on EventConnection { events {
    __typename ... on MessageEvent { message level stepKey }
} } } }"""
RUNS = "{ runsOrError(limit: 10) { ... on Runs { results { runId jobName } } } }"
LONG = "a great many points " * 3  # an amount that is none
HIDDEN = "4f9e0000-aaaa-bbbb-cccc-00000000d00d"  # the id of a learner whose rows break rules


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A platform with four rows that cannot be used, three nights of it, and an owner in its configuration."""
    made = tmp_path_factory.mktemp("says")
    dagster_ui.make(made)
    noon = f"{yesterday() - timedelta(days=1)}T12:00:00Z"
    with closing(sqlite3.connect(made / "platform.sqlite")) as platform, platform:
        for number, amount in enumerate((LONG, LONG, LONG)):
            row = (f"bad-{number}", HIDDEN, noon, amount, noon)
            platform.execute(
                "insert into xp_events (id, user_id, created_at, amount, updated_at) values (?, ?, ?, ?, ?)", row
            )
        platform.execute(
            "insert into xp_events (id, user_id, created_at, amount, updated_at) values ('', ?, ?, 1, ?)",
            (HIDDEN, noon, noon),
        )
    settings = made / "pulse.toml"
    owned = settings.read_text().replace("[pulse]", '[pulse]\nowners = ["data@example.com", "team:learning"]', 1)
    settings.write_text(owned)
    for _ in range(3):
        done = command(made, "nightly", "--accept-quarantine")
        assert done.returncode == 0, done.stderr
    return made


@pytest.fixture(scope="module")
def ui(folder: Path) -> Iterator[Ui]:
    with running(folder) as found:
        yield found


def node(ui: Ui, asset: str) -> dict[str, Any]:
    return dict(ui.ask(ASSET, key={"path": asset.split("/")})["assetNodeOrError"])


def said(entries: list[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the one value of each entry, by its label."""
    return {
        entry["label"]: next(value for name, value in entry.items() if name != "label" and value is not None)
        for entry in entries
    }


def columns(entries: list[Mapping[str, Any]]) -> dict[str, tuple[str, str]]:
    shown = said(entries)["dagster/column_schema"]["columns"]
    return {column["name"]: (column["type"], column["description"] or "") for column in shown}


def test_assets_have_owners_kinds_and_a_version_of_their_code(ui: Ui) -> None:
    for asset in ("sources/platform/xp_events", "lake/xp_events", "lake/users", "lake/activity", "warehouse/pulse"):
        assert node(ui, asset)["owners"] == [{"email": "data@example.com"}, {"team": "learning"}]
    assert set(node(ui, "sources/platform/xp_events")["kinds"]) == {"table", "sqlite"}
    stream = ui.configuration.streams["xp_events"]
    assert node(ui, "lake/xp_events")["opVersion"] == stream.fingerprint
    assert re.fullmatch(r"schema \d+, rules [0-9a-f]{16}", node(ui, "version/users")["opVersion"])


def test_sources_and_lake_show_their_columns_and_where_they_are(ui: Ui) -> None:
    source = node(ui, "sources/platform/xp_events")
    assert columns(source["metadataEntries"])["user_id"] == ("id", "user_id of xp_events")
    seen = columns(source["assetObservations"][0]["metadataEntries"])
    assert seen["amount"][0].startswith("INTEGER")
    lake = node(ui, "lake/xp_events")
    assert columns(lake["metadataEntries"])["amount"][0] == "BIGINT"
    assert said(lake["metadataEntries"])["path"] == str(ui.lake.root / "xp_events")
    assert "zone" in columns(node(ui, "lake/activity")["metadataEntries"])
    assert "stream" in columns(node(ui, "lake/users")["metadataEntries"])


def test_a_landing_says_what_came_and_what_of_it_cannot_be_used(ui: Ui) -> None:
    events = [said(one["metadataEntries"]) for one in node(ui, "lake/xp_events")["assetMaterializations"]]
    day = [one for one in events if one["quarantined"] == 4][-1]  # of the night that has read it
    assert day["source_rows"] == day["dagster/partition_row_count"] + 4 + day["duplicates"] + day["deleted"]
    assert day["bytes"] == Path(day["path"]).stat().st_size
    records = [json.loads(record) for record in day["quarantined_by_reason"]["records"]]
    assert {record["reason"]: (record["rows"], record["example"]) for record in records} == {
        "bad_amount": (3, LONG[:40]),
        "missing_id": (1, ""),
    }
    assert day["conflicts"] == 0
    assert day["seconds"] > 0


def test_the_published_file_says_what_is_in_it_with_pictures(ui: Ui) -> None:
    warehouse = node(ui, "warehouse/pulse")
    current = ui.warehouse.current()
    assert current
    manifest = ui.warehouse.manifest(current)
    shown = said(warehouse["assetMaterializations"][0]["metadataEntries"])
    assert shown["version"] == current
    assert shown["path"] == str(ui.warehouse.file(current))
    assert shown["size_bytes"] == manifest.size
    assert shown["unknown"] == sum(unknown for unknown, _ in manifest.unknown_rows.values())
    assert json.loads(shown["seconds"]).keys() >= {"version", "checks"}
    for picture in ("levels", "last_14_days"):
        assert "](data:image/svg+xml;base64," in shown[picture]
    assert str(yesterday()) in shown["last_14_days"]
    hours = ui.configuration.serve.max_age_hours
    assert warehouse["internalFreshnessPolicy"] == {"failWindowSeconds": hours * 3600}


def test_a_night_that_changes_nothing_does_not_look_new(ui: Ui) -> None:
    """Two nights of the same day, after the one that has read all: Dagster takes one data version for a run's days."""
    for asset in ("lake/xp_events", "lake/users", "lake/activity", "version/learning_pulse", "warehouse/pulse"):
        events = ui.ask(TAGS, key={"path": asset.split("/")})["assetNodeOrError"]["assetMaterializations"]
        of_day = [event["tags"] for event in events if event["partition"] in {None, str(yesterday())}]
        versions = [{tag["key"]: tag["value"] for tag in tags}["dagster/data_version"] for tags in of_day]
        assert len(versions) >= 3, asset
        assert versions[0] == versions[1], asset


def test_every_field_of_the_launchpad_is_described_and_has_a_safe_default(ui: Ui) -> None:
    found = ui.ask(FIELDS, repository=IN_REPOSITORY)["repositoryOrError"]["allTopLevelResourceDetails"]
    (night,) = [resource for resource in found if resource["name"] == "night"]
    fields = {field["name"]: field for field in night["configFields"]}
    assert fields.keys() == {"asked_from", "accept_shrink", "accept_quarantine"}
    for field in fields.values():
        assert len(field["description"]) > 40
        assert not field["isRequired"]
        assert json.loads(field["defaultValueAsJson"]) in {"", False}


def test_the_lines_of_steps_are_in_the_log_of_the_run_and_nothing_names_a_learner(ui: Ui) -> None:
    runs = [run["runId"] for run in ui.ask(RUNS)["runsOrError"]["results"] if run["jobName"] == "nightly"]
    lines = [
        event
        for event in ui.ask(LINES, run=runs[-1])["logsForRun"]["events"]
        if event["__typename"] == "LogMessageEvent"
    ]
    told = {line["stepKey"]: line["message"] for line in lines}
    assert any("days" in line["message"] and line["stepKey"] == "lake__xp_events" for line in lines), told
    assert any(line["message"].startswith("unknown learners:") for line in lines), told
    kept = b"".join(file.read_bytes() for file in (ui.folder / "var" / "dagster").rglob("*") if file.is_file())
    assert HIDDEN.encode() not in kept
    assert LONG[:41].encode() not in kept
