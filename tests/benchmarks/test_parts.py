"""The parts into which the benchmarks divide a night: each begins as a statement of the product does."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.parts import PARTS
from tests.support.repository import ROOT

# Two nights by the clock of the benchmarks. The second restates a date of the first, in several buckets of learners.
# One of them has moved.
TWO_NIGHTS = """
import json, sqlite3, sys
from pathlib import Path

from assets import all_steps
from assets.step5_build import key_ranges
from tests.benchmarks import parts
from tests.support.platforms import small_platform

folder = Path(sys.argv[1])
configuration = small_platform.make(folder)
key_ranges.ROWS_PER_BUCKET = 2
clock = parts.timed(all_steps)
small_platform.publish(configuration, small_platform.FIRST_NIGHT)
with sqlite3.connect(folder / "platform.sqlite") as platform:
    platform.execute("update xp_events set amount = amount + 1 where id = 2")
    platform.execute("update users set timezone = 'Asia/Tokyo' where id = 'ben'")
small_platform.publish(configuration, small_platform.SECOND_NIGHT)
steps = sorted({step for step, _, _ in parts.to_json(clock.seconds)})
print(json.dumps([sorted(clock.matched), steps]))
"""


@pytest.mark.slow
def test_every_part_of_a_night_is_one_that_a_night_has(tmp_path: Path) -> None:
    """In a process of its own: the clock stays in the steps that it has been put around."""
    command = [sys.executable, "-c", TWO_NIGHTS, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    matched, steps = json.loads(done.stdout)
    listed = {(step, begin) for step, parts in PARTS.items() for begin in parts}
    assert {*PARTS} <= {*steps}
    assert listed - {(step, begin) for step, begin in matched} == set()
