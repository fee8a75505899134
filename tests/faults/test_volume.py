"""Ten times the volume of an ordinary night, and a learner who has a tenth of it (FAULTS 23).

How fast that is, and with how much memory at which volume, is the matter of the benchmarks.
"""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import BEN, FIRST_NIGHT
from tests.support.repository import ROOT
from warehouse.configuration.configuration import Configuration
from warehouse.versions.versions import Warehouse

ORDINARY, TIMES = 40_000, 10  # rows of XP and of sessions of a night
MEGABYTES = 700  # of the process: what DuckDB may take for landing (400 MB), a batch, Python and its libraries
NIGHT = f"""
import re, sys
from datetime import date
from pathlib import Path
from assets.step0_plan.plan import Run
from assets.all_steps import run_night
from assets.night.night import Night
from warehouse.configuration.configuration import load
day = date.fromisoformat({str(FIRST_NIGHT)!r})
run_night(Night.of(load(Path(sys.argv[1]), uses=["sources"])), Run(day, day))
# not what getrusage says, in which a process inherits the peak of the one that started it
peak = re.search(r"^VmHWM:\\s+(\\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
print(int(peak[1]) // 1000)
"""
ROWS = """
with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < :rows)

insert into {table}
select
    1000 + n,
    iif(n % 10 = 0, :ben, 'learner ' || (n % 5000)),
    '{day}T' || time(n % 86400, 'unixepoch') || 'Z',
    {last}
from numbers
"""
LANDED = """
select stream, rows from landings where day = $day and stream <> 'quiz_attempts' order by stream
"""


def peak_of_a_night(folder: Path, rows: int) -> tuple[int, Configuration]:
    """Return the megabytes of memory that a night of so many rows takes at most, and its configuration."""
    folder.mkdir()
    configuration = small_platform.make(folder)
    with closing(sqlite3.connect(folder / "platform.sqlite")) as database, database:
        for table, last in (("xp_events", "1"), ("sessions", f"'{FIRST_NIGHT}T23:59:59Z'")):
            query = ROWS.format(table=table, day=FIRST_NIGHT, last=last)
            database.execute(query, {"rows": rows, "ben": BEN})
        database.execute("insert into users select distinct user_id, user_id, 'UTC' from xp_events where id > 1000")
    command = [sys.executable, "-c", NIGHT, str(configuration.path)]
    ended = subprocess.run(command, check=True, cwd=ROOT, capture_output=True, text=True)
    return int(ended.stdout.split()[-1]), configuration


@pytest.mark.slow
def test_ten_times_the_volume_and_a_learner_with_a_tenth_of_it_stay_within_the_memory_limit(tmp_path: Path) -> None:
    """FAULTS 23: every row is counted; memory does not grow with the rows as they do."""
    ordinary, _ = peak_of_a_night(tmp_path / "ordinary", ORDINARY)
    peak, configuration = peak_of_a_night(tmp_path / "more", TIMES * ORDINARY)
    assert peak < MEGABYTES
    assert peak < 3 * ordinary
    warehouse = Warehouse.of(configuration)
    with duckdb.connect(str(warehouse.pointer.resolve()), read_only=True) as connection:
        landed = connection.execute(LANDED, {"day": FIRST_NIGHT}).fetchall()
    # Ben's 999 and another learner's 5 and 20 are the small platform's own, and so is one session of the day before
    assert landed == [("sessions", TIMES * ORDINARY), ("xp_events", TIMES * ORDINARY + 3)]
