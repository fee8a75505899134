"""What several test modules share: how many random worlds they draw, two nights, a real PostgreSQL and a real MariaDB.

`CI=true` draws many worlds, and the same ones every time, so that what it says is about the change. Anything else draws
few, and others each time. `--hypothesis-profile=ci` draws many by hand, `thorough` more than CI has time for. Tests
take their share of the profile's `max_examples`. Of a slow test with many cases that are alike `one_in` leaves some.
How the product is run on a world is `tests/support/running/replay.py`.
"""

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings

pytest.register_assert_rewrite("tests")  # helpers, too, say what they compared; so nothing of them is imported before

from tests.support.platforms import small_platform  # noqa: E402
from tests.support.platforms.throwaway_postgres import throwaway_postgres  # noqa: E402
from tests.support.repository import IS_CI  # noqa: E402

MARIADB_URL = os.environ.get("PULSE_TEST_MARIADB", "mysql://root@127.0.0.1:3306/test")
SLOW_ON_PURPOSE = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]

for profile, examples in (("local", 4), ("ci", 12), ("thorough", 200)):
    settings.register_profile(
        profile,
        max_examples=examples,
        deadline=None,
        print_blob=True,
        derandomize=IS_CI,
        suppress_health_check=SLOW_ON_PURPOSE,
    )
settings.load_profile("ci" if IS_CI else "local")


# What takes longest begins first, or else the other processes wait for it at the end: a file is one process's.
LONGEST_FIRST = (
    "tests/pipelines/instance/test_dagster_clicks.py",
    "tests/attack/test_stalled_source.py",
    "tests/serve/test_both_lookups.py",
    "tests/oracle/test_against_oracle.py",
    "tests/oracle/mapped/test_mappings_against_oracle.py",
    "tests/histories/test_histories.py",
    "tests/faults/test_kills.py",
    "tests/assets/erase/test_erasure.py",
    "tests/serve/http/test_schemathesis.py",
    "tests/assets/step2_land/unchanged/test_unchanged_days.py",
    "tests/assets/step5_build/test_restatements.py",
    "tests/assets/step0_plan/test_clock_ahead.py",
    "tests/assets/reconcile/test_reconcile.py",
    "tests/serve/profile/test_own_routes.py",
)


@pytest.hookimpl(tryfirst=True)  # before pytest looks at the markers
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first, and leave all others in their order; sort cases by `one_in`."""
    places = {name: place for place, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: places.get(item.nodeid.partition("::")[0], len(places)))
    cases: Counter[str] = Counter()
    for item in items:
        marker, name = item.get_closest_marker("one_in"), item.nodeid.partition("[")[0]
        if marker and item.get_closest_marker("slow"):
            if cases[name] % marker.args[0]:
                item.add_marker(pytest.mark.thorough)
            cases[name] += 1


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of an empty, throwaway PostgreSQL 18."""
    folder = tempfile.mkdtemp(prefix="pg")  # short, because the path of a socket has to be
    with throwaway_postgres(Path(folder) / "data") as url:
        yield url
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def mariadb_url() -> str:
    """The URL of a running MariaDB; skips where there is none, except in CI, where that is a failure."""
    try:
        driver = sa.make_url(MARIADB_URL).set(drivername="mysql+pymysql")
        with sa.create_engine(driver, poolclass=sa.NullPool).connect():
            return MARIADB_URL
    except sa.exc.OperationalError as error:
        if IS_CI:
            pytest.fail(f"CI needs a MariaDB at {MARIADB_URL}: {error.orig}")
        pytest.skip(f"no MariaDB at {MARIADB_URL}; name one with PULSE_TEST_MARIADB")


@pytest.fixture(scope="session")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The two nights of `small_platform`, for copying only."""
    return small_platform.two_nights(tmp_path_factory.getbasetemp())
