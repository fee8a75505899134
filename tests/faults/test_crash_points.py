"""Points at which a run can be made to die: that they are what they are said to be (FAULTS 1).

What is left when a run dies there is the matter of `test_kills.py`.
"""

import ast
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import FIRST_NIGHT, SECOND_NIGHT
from tests.support.repository import ROOT
from warehouse import crash_points

ROOMS = ("assets", "pipelines", "serve", "warehouse")
DIE = "from warehouse.crash_points import reached\nfor _ in range({times}): reached('publish: switched')"


def calls() -> list[str]:
    """Every name that the code says it has reached, in the order of the files."""
    trees = [ast.parse(file.read_text()) for room in ROOMS for file in sorted((ROOT / room).rglob("*.py"))]
    found = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    names = [call.args[0] for call in found if isinstance(call.func, ast.Name) and call.func.id == "reached"]
    return [name.value for name in names if isinstance(name, ast.Constant) and isinstance(name.value, str)]


def test_every_point_of_the_code_is_in_the_list_and_every_point_of_the_list_in_the_code() -> None:
    """FAULTS 1."""
    assert set(calls()) == {*crash_points.NAMES, *crash_points.NAMES_OF_AHEAD, *crash_points.NAMES_OF_ERASURE}


@pytest.mark.slow
def test_a_night_reaches_every_point_in_the_order_of_the_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """FAULTS 1: a point that no night comes to would never be tried."""
    configuration = small_platform.make(tmp_path)
    small_platform.publish(configuration, FIRST_NIGHT)
    configuration = configuration.model_copy(
        update={"pulse": configuration.pulse.model_copy(update={"keep_versions": 1})}
    )
    reached: list[str] = []
    for module in [module for name, module in sys.modules.items() if name.startswith(ROOMS)]:
        if hasattr(module, "reached"):
            monkeypatch.setattr(module, "reached", reached.append)
    small_platform.publish(configuration, SECOND_NIGHT)
    assert list(dict.fromkeys(reached)) == list(crash_points.NAMES)


@pytest.mark.parametrize(
    ("point", "times", "code"),
    [
        ("publish: switched", 1, -signal.SIGKILL),
        ("publish: switched@3", 2, 0),
        ("publish: switched@3", 3, -signal.SIGKILL),
        ("publish: pruned", 1, 0),
        ("", 1, 0),
    ],
)
def test_a_process_dies_at_its_point_and_at_no_other(point: str, times: int, code: int) -> None:
    """FAULTS 1: by SIGKILL, so that nothing of it can clean up."""
    command = [sys.executable, "-c", DIE.format(times=times)]
    ended = subprocess.run(command, check=False, cwd=ROOT, env={crash_points.ENVIRONMENT: point})
    assert ended.returncode == code
