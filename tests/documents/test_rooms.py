"""The rooms of docs/ARCHITECTURE.md at run time: what must start without Dagster and the night's libraries does.

The directions of imports are `import-linter`'s business (`pyproject.toml`). Here is what it cannot see: modules that a
library imports when it is called, and the files in `assets/` that may import Dagster, known by their names. Here, too,
is how large folders may grow, and that tests mirror the rooms.
"""

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from pipelines.command_line.cli import COMMANDS, ONLY_SERVES, WITHOUT_PIPELINES
from tests.support.platforms import small_platform
from tests.support.repository import ROOT

FRAMEWORKS = ("dagster", "flask", "numpy", "pandas", "pyarrow", "sqlalchemy")
NIGHT = ("dagster", "numpy", "pandas", "pyarrow", "sqlalchemy")
ROOMS = ("assets", "pipelines", "serve", "warehouse")
MOST_ENTRIES = 15
MOST_LINES = 400
# folders of tests that no room of the source has: docs/ARCHITECTURE.md, Rooms
ACROSS = ("attack", "benchmarks", "browser", "documents", "end_to_end", "faults", "golden", "histories", "oracle")
MANY = {"tests/golden", "tests/benchmarks", "tests/end_to_end/applications"}  # a folder per case, a file per question
MAY_IMPORT_DAGSTER = r"\.asset$|^assets\.orchestration\."

BLOCK = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in BLOCKED:
            raise ModuleNotFoundError(f"{name} must not be needed here", name=name)

BLOCKED = set(sys.argv[1].split(","))
sys.meta_path.insert(0, Blocked())
"""
CREATE_APP = """
from pathlib import Path
from serve.app import create_app
from warehouse.configuration.configuration import load

client = create_app(load(Path(sys.argv[2]), uses=["auth"])).test_client()
assert client.get("/health").status_code == 200
assert client.get("/api/xp/learning-pulse").status_code == 401
"""
CONNECT_ADBC = """
import sys
from adbc_driver_manager import Error
from assets.step1_extract.source import snapshot

assert "adbc_driver_postgresql" not in sys.modules
try:
    snapshot._connect("host=127.0.0.1 port=1")
except Error:
    assert "adbc_driver_postgresql" in sys.modules
    assert "polars" not in sys.modules
    import polars
"""
CONFIGURATION = """
[pulse]
first_day = 2026-01-01
[sources.platform]
url = "sqlite:///platform.sqlite"
[streams.users]
kind = "users"
source = "platform"
table = "users"
columns = { user_id = "id" }
[streams.xp_events]
kind = "xp"
source = "platform"
table = "xp_events"
columns = { event_id = "id", user_id = "user_id", occurred_at = "created_at", amount = "amount" }
[auth]
secret = "a secret of this test, longer than 32 bytes"
"""


def modules(room: str) -> list[str]:
    places = (place.relative_to(ROOT).with_suffix("") for place in sorted((ROOT / room).rglob("*.py")))
    return [".".join(place.parts) for place in places if place.name != "__init__"]


def core_of_assets() -> list[str]:
    return [name for name in modules("assets") if not re.search(MAY_IMPORT_DAGSTER, name)]


def run_without(blocked: tuple[str, ...], code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", BLOCK + code, ",".join(blocked), *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_block_of_these_tests_blocks() -> None:
    assert "pandas must not be needed here" in run_without(NIGHT, "import pandas").stderr


@pytest.mark.parametrize(
    ("room", "blocked"),
    [(modules("warehouse"), FRAMEWORKS), (modules("serve"), NIGHT), (core_of_assets(), ("dagster", "flask"))],
    ids=["warehouse", "serve", "the cores of assets"],
)
def test_a_room_can_be_imported_without_what_it_must_not_need(room: list[str], blocked: tuple[str, ...]) -> None:
    assert room
    ran = run_without(blocked, "".join(f"import {name}\n" for name in room))
    assert ran.returncode == 0, ran.stderr


def test_the_app_answers_without_the_libraries_of_the_night(tmp_path: Path) -> None:
    path = tmp_path / "pulse.toml"
    path.write_text(CONFIGURATION, encoding="utf-8")
    ran = run_without(NIGHT, CREATE_APP, str(path))
    assert ran.returncode == 0, ran.stderr


def test_the_command_knows_its_usage_without_the_libraries_of_the_night() -> None:
    """Nor any other library, so that it answers at once."""
    libraries = (*NIGHT, "duckdb", "flask", "pydantic", "rich")
    ran = run_without(libraries, "from pipelines.command_line.cli import main\nmain(['--help'])")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "nightly" in ran.stdout


@pytest.mark.parametrize("command", ["status", "versions", "export"])
def test_what_is_published_is_said_without_the_libraries_of_the_night(
    nights: Path, tmp_path: Path, command: str
) -> None:
    """They are installed, and nothing imports them: not Dagster, and not pandas, which DuckDB would ask for."""
    path = small_platform.copied(nights, tmp_path, small_platform.SECOND).path
    asked = [command, *([str(tmp_path / "exported")] if command == "export" else []), "--config", str(path)]
    words = ["-X", "importtime", "-m", "pipelines.command_line.cli", *asked]
    ran = subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert small_platform.SECOND in ran.stdout
    imported = {line.rpartition("|")[2].strip() for line in ran.stderr.splitlines()}
    parts_of = {name.partition(".")[0] for name in imported if "." in name}  # one that is refused has no parts
    assert "_duckdb" in imported
    assert parts_of & {*NIGHT, "flask"} == set()


def test_postgresqls_driver_is_imported_where_one_is_read_and_without_polars(tmp_path: Path) -> None:
    """It would import polars, if that is installed, for frames that nobody asks for; whoever asks still may."""
    (tmp_path / "polars.py").write_text("print('polars is imported', flush=True)", encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-c", CONNECT_ADBC + "\n    print('and by us')"]
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (0, "polars is imported\nand by us\n"), ran.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_where_only_the_server_is_installed_other_commands_say_so(command: str) -> None:
    code = f"import sys\nfor name in {(*NIGHT, 'rich')}:\n    sys.modules[name] = None\n"
    code += f"from pipelines.command_line.cli import main\nsys.exit(main([{command!r}, '--help']))"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    if command in WITHOUT_PIPELINES:
        assert (ran.returncode, ran.stderr) == (0, "")
        assert COMMANDS[command] in ran.stdout
    else:
        assert (ran.returncode, ran.stdout) == (2, "")
        assert ran.stderr == f"pulse: {ONLY_SERVES}\n"


def test_no_folder_of_source_has_more_entries_than_one_looks_through_at_once() -> None:
    """Checks that are a file each, golden cases, decisions and images may be many."""
    folders = [folder for room in ROOMS for folder in (ROOT / room, *(ROOT / room).rglob("*/"))]
    entries = {
        folder.relative_to(ROOT): [entry for entry in folder.iterdir() if entry.name != "__pycache__"]
        for folder in folders
        if folder.name not in {"__pycache__", "checks"}
    }
    assert len(entries) > len(ROOMS)
    assert {str(folder): len(found) for folder, found in entries.items() if len(found) > MOST_ENTRIES} == {}


def folders_of_tests() -> list[Path]:
    return [
        folder
        for folder in (ROOT / "tests", *(ROOT / "tests").rglob("*/"))
        if not {"__pycache__", "node_modules"} & {*folder.relative_to(ROOT).parts}
    ]


def files_of_tests() -> list[Path]:
    return [file for folder in folders_of_tests() for file in folder.glob("test_*.py")]


def test_no_folder_of_tests_has_more_entries_than_one_looks_through_at_once() -> None:
    """Golden cases, applications and benchmarks may be many."""
    entries = {
        str(folder.relative_to(ROOT)): [entry for entry in folder.iterdir() if entry.name != "__pycache__"]
        for folder in folders_of_tests()
    }
    assert {*entries} > MANY
    too_many = {folder: len(found) for folder, found in entries.items() if len(found) > MOST_ENTRIES}
    assert {folder: number for folder, number in too_many.items() if folder not in MANY} == {}


def test_no_file_of_tests_is_longer_than_one_reads_at_once() -> None:
    lines = {str(file.relative_to(ROOT)): file.read_text(encoding="utf-8").count("\n") for file in files_of_tests()}
    assert len(lines) > 100
    assert {file: number for file, number in lines.items() if number > MOST_LINES} == {}


def test_every_file_of_tests_has_a_name_of_its_own() -> None:
    """Pytest takes two of one name for one module, and which of them it takes is chance."""
    names = Counter(file.name for file in files_of_tests())
    assert [name for name, count in names.items() if count > 1] == []


def test_tests_stand_in_a_room_of_the_source_or_in_a_folder_for_what_goes_across() -> None:
    """What has no test is in `tests/support/`, or beside the tests that use it."""
    lost = []
    for file in files_of_tests():
        top, *inside = file.parent.relative_to(ROOT / "tests").parts or ("",)
        if top not in ACROSS and not (top in ROOMS and (ROOT / top).joinpath(*inside).is_dir()):
            lost.append(str(file.relative_to(ROOT)))
    assert lost == []
