"""The rows of a users stream as `pulse check` looks at them: all are read, and judged as a night does (R3, R4, R21).

With them come the tables of lookups, which say whose the keys of events are (R26).
"""

from collections.abc import Iterator
from datetime import UTC

import duckdb

from assets.examine.finding import Finding, Status, quoted
from assets.examine.workbench import Workbench, no_rows
from assets.step1_extract.extract import Reader
from assets.step3_users.lookups import LOOKUPS, SHARED_KEYS
from assets.step3_users.spooled import Spooled, spool_rows
from assets.step3_users.users import COMMONEST_DELETED_AT, SHARED_IDS, USERS
from assets.step5_build.remarks.bad_zones import BAD_ZONES
from warehouse import engine
from warehouse.configuration.configuration import Stream
from warehouse.configuration.learners.lookups import MARK
from warehouse.erasure import suppression

FILL_THE_ID = "map a column that every row fills"
COUNTS = "select count(user_id), count(*) filter (reason is null and is_deleted), count(reason) from landed_users"
REMEMBER = "insert into known_learners select user_id, stream, is_deleted from landed_users where reason is null"
OF_ALL = "select count(distinct user_id), count(distinct user_id) filter (is_deleted) from known_learners"
KEYS = "insert into known_keys select stream, key, user_id from lookups"
NAMES_IN_LOOKUPS = "insert into known_names select unnest([string_split(key, $mark)[3], user_id]) from lookups"
AS_LANDED = "create or replace temp view users_by_stream as select *, null as reason from known_learners"


def look_at_learners(reader: Reader, bench: Workbench) -> list[Finding]:
    """Return what there is to say of the rows of a users stream, and remember who the learners are.

    Args:
        reader: of the stream.
        bench: where they are judged; it knows the learners of the streams before.
    """
    stream, connection = reader.stream, bench.connection
    _judge(bench, spool_rows(reader, bench.new_folder() / "rows.parquet"))
    bench.read.add(stream.name)
    subject = f"stream {stream.name}"
    learners, deleted, quarantined = engine.one_row(connection, COUNTS)
    if not learners + quarantined:
        return [no_rows(reader), *_shared(bench, subject), *_most_deleted(bench, subject)]
    return [
        *_deleted(bench, subject, learners, deleted),
        *_shared(bench, subject),
        *_most_deleted(bench, subject),
        *(_zones(connection, stream) if "timezone" in stream.columns else []),
        _users_rows(subject, learners, quarantined),
    ]


def look_at_lookup(reader: Reader, bench: Workbench) -> list[Finding]:
    """Return what there is to say of the rows of a lookup, and remember whose its keys are.

    Args:
        reader: of the table, whose name is that of the event stream.
        bench: where keys are remembered.
    """
    table, connection = reader.stream, bench.connection
    subject, spooled = f"stream {table.name}", spool_rows(reader, bench.new_folder() / "rows.parquet")
    suppression.view_not_erased(connection, "lookup_rows", [spooled.file], bench.erased)
    connection.execute(f"create or replace temp table lookups as {engine.sql(LOOKUPS)}")
    connection.execute(NAMES_IN_LOOKUPS, {"mark": MARK})
    for _, shared in connection.execute(engine.sql(SHARED_KEYS)).fetchall():
        message = f"{shared:,} keys of {table.relation} are of several learners, which stops every night"
        return [Finding(subject, "lookup", "failed", message, "correct the table, or name one that has each key once")]
    connection.execute(KEYS)
    bench.lookups_read.add(table.name)
    (keys,) = engine.one_row(connection, "select count(*) from lookups")
    return [Finding(subject, "lookup", "ok", f"{table.relation} says whose {keys:,} keys are")]


def _judge(bench: Workbench, spooled: Spooled) -> None:
    """Make `landed_users` of the rows of a stream, and add its learners to those that are known."""
    connection, stream = bench.connection, spooled.stream
    suppression.view_not_erased(connection, "spool", [spooled.file], bench.erased)
    taken_at = spooled.taken_at.astimezone(UTC).replace(tzinfo=None)
    engine.create(connection, "users_streams", stream=[stream.name], taken_at=[taken_at])
    connection.execute(f"create or replace temp table landed_users as {engine.sql(USERS)}")
    connection.execute(REMEMBER)
    names = "unnest([user_id, username, substr(user_id, length($prefix) + 1)])"
    connection.execute(f"insert into known_names select {names} from landed_users", {"prefix": stream.spelling.prefix})


def _deleted(bench: Workbench, subject: str, learners: int, deleted: int) -> Iterator[Finding]:
    """Say that most learners of a stream are deleted; where there are several, others may outweigh it."""
    if 2 * deleted <= learners:
        return
    commonest = bench.connection.execute(engine.sql(COMMONEST_DELETED_AT)).fetchall()
    shown = f", most of them with {quoted(str(commonest[0][0]))}" if commonest and commonest[0][0] is not None else ""
    message = f"{deleted:,} of {learners:,} learners are deleted{shown}"
    way_out = "look whether that value means so; map is_deleted with the values that do"
    yield Finding(subject, "deleted", "warning" if len(bench.users_streams) > 1 else "failed", message, way_out)


def _most_deleted(bench: Workbench, subject: str) -> Iterator[Finding]:
    """Say that most learners of several streams are deleted, which publishes nothing (R21)."""
    if len(bench.users_streams) == 1 or not bench.has_every_learner:
        return
    learners, deleted = engine.one_row(bench.connection, OF_ALL)
    if 2 * deleted > learners:
        message = f"{deleted:,} of the {learners:,} learners of all streams are deleted"
        yield Finding(subject, "deleted", "failed", message, "look whether deleted_at or is_deleted means so")


def _shared(bench: Workbench, subject: str) -> Iterator[Finding]:
    """Say that ids are in several streams that are not merged, without any of them (R3)."""
    if bench.are_merged or not bench.has_every_learner:
        return
    bench.connection.execute(AS_LANDED)
    for ids, _, streams in bench.connection.execute(engine.sql(SHARED_IDS)).fetchall():
        message = f"{ids:,} ids are in more than one stream of learners, such as one in {streams}"
        way_out = "say merge = true in each of these streams if they are the same people, else give each a prefix"
        yield Finding(subject, "shared ids", "failed", message, way_out)


def _zones(connection: duckdb.DuckDBPyConnection, stream: Stream) -> Iterator[Finding]:
    subject = f"stream {stream.name}"
    given, bad, examples = engine.one_row(connection, engine.sql(BAD_ZONES), {"stream": stream.name})
    if not bad:
        or_own = ", or names that zone_names has" if stream.zone_names else ""
        yield Finding(subject, "zones", "ok", f"{given:,} learners give a zone, all of them IANA names{or_own}")
        return
    such_as = f", such as {', '.join(quoted(example) for example in examples)}" if examples else ""
    message = f"{bad:,} of {given:,} zones are no IANA names{such_as}; those learners count in default_timezone"
    way_out = "map a column that has names like Europe/Berlin, or say in zone_names what the names mean"
    yield Finding(subject, "zones", "warning", message, way_out)


def _users_rows(subject: str, learners: int, quarantined: int) -> Finding:
    if not quarantined:
        return Finding(subject, "rows", "ok", f"{learners:,} learners")
    rows = learners + quarantined
    message = f"{quarantined:,} of {rows:,} rows have no user_id that can be used"
    status: Status = "failed" if 2 * quarantined > rows else "warning"
    return Finding(subject, "rows", status, message, FILL_THE_ID)
