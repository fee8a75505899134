"""A manifest that somebody has written to is refused where it is read, and nothing trips over it later (FAULTS 81)."""

import json
from pathlib import Path

import pytest

from pipelines.command_line import cli
from serve.app import create_app
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import FIRST, PATH, SECOND, bearer
from warehouse.configuration.configuration import Configuration
from warehouse.versions.versions import Warehouse

OPS_TOKEN = "an-ops-token-of-these-tests"
FOR_OPS = {"Authorization": f"Bearer {OPS_TOKEN}"}
WRONG = [
    ("built_at", "yesterday"),
    ("built_at", ""),
    ("built_at", None),
    ("built_at", 7),
    ("built_at", "2026-01-01T00:00:00"),
    ("data_through", "2026-13-01"),
    ("data_through", None),
    ("rows", {"users": "many"}),
    ("rows", None),
    ("size", "1"),
    ("schema_version", "3"),
    ("erased", "many"),
    ("sha256", None),
    ("accepted", None),
]


def hurt(configuration: Configuration, name: str, value: object) -> None:
    place = Warehouse.of(configuration).manifest_file(SECOND)
    place.write_text(json.dumps({**json.loads(place.read_text()), name: value}))


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_manifest_with_a_wrong_figure_refuses_its_version_and_health_says_so(
    nights: Path, tmp_path: Path, name: str, value: object
) -> None:
    """FAULTS 81: `built_at` that is no time was 500 on `/health/detailed` and `/metrics`."""
    configuration = small_platform.copied(nights, tmp_path, FIRST)
    client = create_app(small_platform.configure(configuration, ops_token=OPS_TOKEN)).test_client()
    assert client.get(PATH, headers=bearer()).headers["X-Data-Version"] == FIRST
    hurt(configuration, name, value)
    Warehouse.of(configuration).point_to(SECOND)
    assert client.get(PATH, headers=bearer()).headers["X-Data-Version"] == FIRST
    found = client.get("/health/detailed", headers=FOR_OPS)
    assert found.status_code == 200
    assert "refused_versions" in found.get_json()["warnings"]
    assert "cannot be read" in found.get_json()["refused"][0]["reason"]
    assert client.get("/metrics", headers=FOR_OPS).status_code == 200


@pytest.mark.parametrize("command", ["status", "versions"])
@pytest.mark.parametrize("name", ["built_at", "data_through", "rows"])
def test_commands_say_so_in_a_line(
    nights: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], command: str, name: str
) -> None:
    """FAULTS 81: siblings of the server."""
    configuration = small_platform.copied(nights, tmp_path, SECOND)
    hurt(configuration, name, "yesterday")
    cli.main([command, "--config", str(configuration.path)])
    written = capfd.readouterr()
    assert "Traceback" not in written.err + written.out
    assert "cannot be read" in written.err + written.out
