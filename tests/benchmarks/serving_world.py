"""A million learners with a year behind them, as a published version, and the tokens of those who ask.

The version is made straight with the schema: whoever is measured reads the learners' tables and nothing else, so there
is no lake behind it, and `daily_activity` is empty. A learner is active on a fifth of the days, some on nearly all, a
lot of them on hardly any.
"""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import duckdb
import numpy as np

from assets.step5_build.build import ATTACH
from assets.step5_build.lookup_file.fill import CODES, HEADS, fill_lookup_file
from warehouse import engine
from warehouse.configuration.configuration import Configuration, load
from warehouse.versions import schema
from warehouse.versions.manifest import Manifest, sha256_of
from warehouse.versions.versions import Warehouse

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "the secret of a benchmark, which is over 32 bytes long"
VERSION = "pulse-2026-11-23-000001"
FAR_EXPIRY = 4_102_444_800  # 2100-01-01
BUCKETS = 16
MOST_ASKED = {"uniform": 200_000, "zipf": 600_000}  # requests that are made beforehand, more than any server answers
EXPONENT = 1.1  # of Zipf's law
MIXES = ("uniform", "zipf")

TOML = f"""
[pulse]
first_day = 2025-01-01
[sources.platform]
url = "sqlite:///none.sqlite"
[streams.users]
kind = "users"
source = "platform"
table = "users"
columns = {{ user_id = "id" }}
[streams.xp_events]
kind = "xp"
source = "platform"
table = "xp_events"
columns = {{ event_id = "id", user_id = "user_id", occurred_at = "created_at", amount = "amount" }}
[auth]
algorithms = ["HS256"]
secret = "{SECRET}"
[serve]
rate_limit = ""
rate_limit_refused = ""
"""
USERS = """
with hashed as (select number, md5('learner ' || number) as hex from range($learners) as numbers(number))

select
    concat_ws('-', hex[1:8], hex[9:12], hex[13:16], hex[17:20], hex[21:32]) as user_id,
    'learner' || number as username,
    ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Asia/Tokyo'][1 + number % 5] as timezone,
    number % 10 = 0 as is_public,
    user_key(user_id) as user_key
from hashed
order by user_key, user_id
"""
DAYS = """
create or replace temp table bucket_days as
with learners as (
    select
        user_key,
        user_id,
        date '2026-11-23' + (timezone like 'Asia%')::integer as window_end,
        pow(hash(user_id) % 1000000 / 1e6, 3) * 7700 as active_of_10000
    from users
    where user_key between $first_key and $last_key
),

days as (
    select learners.*, window_end - ago::integer as activity_date, hash(user_key, ago) as chance
    from learners
    cross join range(365) as numbers(ago)
    where hash(user_key, ago, 'active') % 10000 < active_of_10000
)

select
    user_key,
    user_id,
    window_end,
    activity_date,
    (case when chance % 10 = 0 then 0 else 10 * (1 + (chance >> 8) % 40) end)::bigint as xp_earned,
    ((chance >> 20) % 5400)::bigint as learning_time,
    (1 + (chance >> 36) % 4)::bigint as sessions,
    ((chance >> 40) % 4)::bigint as quizzes,
    (((chance >> 40) % 4) * ((chance >> 44) % 2))::bigint as quizzes_passed
from days
"""
TOTALS = """
create or replace temp table bucket_totals as
with sums as (
    select
        user_key,
        sum(xp_earned)::bigint as total_xp_earned,
        sum(learning_time)::bigint as total_learning_time,
        sum(sessions)::bigint as total_sessions,
        sum(quizzes)::bigint as total_quizzes,
        sum(quizzes_passed)::bigint as total_quizzes_passed,
        count(*)::integer as active_days,
        quantile_disc(xp_earned, [0, 0.25, 0.5, 0.75, 1]) as scores
    from bucket_days
    group by user_key
)

select
    users.user_key,
    users.user_id,
    date '2026-11-23' + (timezone like 'Asia%')::integer - 364 as window_start,
    date '2026-11-23' + (timezone like 'Asia%')::integer as window_end,
    date '2026-11-23' - (timezone like 'America%')::integer as last_complete_date,
    2026 as year,
    coalesce(sums.total_xp_earned, 0) as total_xp_earned,
    coalesce(sums.total_learning_time, 0) as total_learning_time,
    coalesce(sums.total_sessions, 0) as total_sessions,
    coalesce(sums.total_quizzes, 0) as total_quizzes,
    coalesce(sums.total_quizzes_passed, 0) as total_quizzes_passed,
    coalesce(sums.active_days, 0) as active_days,
    case when sums.active_days >= 5 then 'own' else 'platform' end as cut_population,
    case when sums.active_days >= 5 then scores else [0, 100, 200, 300, 400] end as cuts,
    cuts[2] as cut_2,
    cuts[3] as cut_3,
    cuts[4] as cut_4
from users
left join sums on users.user_key = sums.user_key
where users.user_key between $first_key and $last_key
order by users.user_key, users.user_id
"""
PULSE = """
insert into learning_pulse
select
    day.* exclude (window_end),
    level_of(xp_earned, cuts[1], cuts[5], cut_2, cut_3, cut_4) as level
from bucket_days as day
inner join bucket_totals on day.user_key = bucket_totals.user_key
order by day.user_key, day.user_id, day.activity_date
"""
INFO = f"""
insert into version_info by name
select
    '{VERSION}' as version,
    timestamptz '2026-11-24 00:00:00+00' as data_through,
    timestamptz '2026-11-24 02:00:00+00' as built_at,
    '' as logical_hash,
    {schema.SCHEMA_VERSION} as schema_version,
    date '2025-01-01' as first_day,
    date '2026-11-23' as newest_day,
    'UTC' as default_timezone,
    date '2026-11-23' as default_window_end,
    date '2026-11-22' as complete_through,
    'xp_earned' as level_metric,
    5 as min_active_days,
    0 as bad_zones,
    0 as deleted_users,
    0 as unknown_user_rows,
    0 as deleted_user_rows,
    0 as read_xp,
    0 as read_microseconds,
    'sunday' as week_start,
    '{duckdb.__version__}' as engine_version,
    '' as zone_data_version
"""


def publish(folder: Path, learners: int) -> Configuration:
    """Make and publish the version, unless the folder has it already, and return the configuration that serves it."""
    (folder / "pulse.toml").write_text(TOML, encoding="utf-8")
    configuration = load(folder / "pulse.toml", uses=["auth", "serve"])
    warehouse = Warehouse.of(configuration)
    wanted = json.dumps(
        [
            learners,
            schema.text(has_profile=False),
            CODES.read_text(encoding="utf-8"),
            HEADS.read_text(encoding="utf-8"),
            USERS,
            DAYS,
            TOTALS,
            PULSE,
        ]
    )
    made_of = folder / "made_of.json"
    if warehouse.current() and made_of.exists() and made_of.read_text(encoding="utf-8") == wanted:
        return configuration
    shutil.rmtree(configuration.data_dir, ignore_errors=True)
    place = warehouse.building(VERSION)
    place.parent.mkdir(parents=True)
    with engine.connect(folder / "tmp", "4GB") as connection:
        connection.execute(ATTACH.format(engine.quoted(str(place))))
        schema.create(connection, "version", has_profile=False)
        connection.execute("use version")
        _fill(connection, learners)
        rows = schema.row_counts(connection, "version")
        connection.execute("use memory")
        fill_lookup_file(connection, warehouse.building_lookup_file(VERSION), VERSION)
        connection.execute("detach version")
    warehouse.put_in_place(VERSION, _manifest(place, warehouse.building_lookup_file(VERSION), rows))
    warehouse.point_to(VERSION)
    made_of.write_text(wanted, encoding="utf-8")
    return configuration


def _fill(connection: duckdb.DuckDBPyConnection, learners: int) -> None:
    connection.execute(f"insert into users by name {USERS}", {"learners": learners})
    columns = ", ".join(column.name for column in schema.table("pulse_totals").columns)
    for bucket in range(BUCKETS):
        keys = {"first_key": bucket * 2**63 // BUCKETS, "last_key": (bucket + 1) * 2**63 // BUCKETS - 1}
        connection.execute(DAYS, keys)
        connection.execute(TOTALS, keys)
        connection.execute(f"insert into pulse_totals by name select {columns} from bucket_totals")
        connection.execute(PULSE)
    connection.execute(INFO)


def _manifest(place: Path, lookup_file: Path, rows: dict[str, int]) -> Manifest:
    return Manifest(
        version=VERSION,
        sha256=sha256_of(place),
        size=place.stat().st_size,
        rows=rows,
        logical_hash="",
        data_through="2026-11-24T00:00:00+00:00",
        built_at="2026-11-24T02:00:00+00:00",
        schema_version=schema.SCHEMA_VERSION,
        engine_version=duckdb.__version__,
        zone_data_version="",
        lookup_sha256=sha256_of(lookup_file),
        lookup_size=lookup_file.stat().st_size,
    )


def write_requests(folder: Path, configuration: Configuration) -> None:
    """Write, for each mix, who asks in which order, as `serving_load.lua` reads it; `fresh` has the tags besides."""
    import jwt

    from serve.http import response_headers

    with duckdb.connect(str(Warehouse.of(configuration).file(VERSION)), read_only=True) as connection:
        ids = [row[0] for row in connection.execute("select user_id from users order by hash(user_id)").fetchall()]
    chance = np.random.default_rng(1)
    popularity = np.arange(1, len(ids) + 1, dtype=float) ** -EXPONENT
    most = min(MOST_ASKED["zipf"], 6 * len(ids))
    asked = {
        "uniform": chance.permutation(len(ids))[: MOST_ASKED["uniform"]],
        "zipf": chance.choice(len(ids), most, p=popularity / popularity.sum()),
    }
    tokens: dict[int, str] = {}
    for mix in MIXES:
        for number in asked[mix].tolist():
            if number not in tokens:
                tokens[number] = jwt.encode({"sub": ids[number], "exp": FAR_EXPIRY}, SECRET, algorithm="HS256")
        lines = [tokens[number] for number in asked[mix].tolist()]
        (folder / f"{mix}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    fresh = [f'{tokens[n]} W/"{response_headers.etag(ids[n], VERSION)}"' for n in asked["uniform"].tolist()]
    (folder / "fresh.txt").write_text("\n".join(fresh) + "\n", encoding="utf-8")
