"""Learners on the list of erased learners of whom the lake has rows all the same (FAULTS 75).

An erasure died, or files of the lake came back from a backup. A version is made of the lake alone. So erased learners
have to be gone from the lake: here they are removed as an erasure does (`lake.py`). Searched is what a version is made
of. A learner who is found there is then searched for everywhere.
"""

from collections.abc import Iterator
from pathlib import Path

from assets.erase.find_learner import connected, find_learner, ids_of
from assets.erase.lake import erase_from_lake
from assets.erase.receipt import begin
from assets.night.night import Night
from warehouse import engine
from warehouse.erasure import suppression
from warehouse.erasure.erased import most_erased
from warehouse.erasure.suppression import Suppressed

ON_LIST = Path(__file__).with_suffix(".sql")
# Each learner of the activity once, grouped by `user_key`, which is faster. The build refuses two ids with one key.
IN_ACTIVITY = "select unnest([min(user_id), max(user_id)]) as user_id from {files} group by user_key"
IN_COLUMN = "select user_id from {files}"
# A key without a learner is in the activity itself.
IN_KEYS = "select unnest([key, user_id]) as user_id from {files}"
IN_ROWS = "select id_in_row(row) as user_id from {files} where is_quarantined(reason)"
IN_LANDINGS = "select coalesce(user_id, id_in_row(row)) as user_id from {files} where reason is not null"


def leave_out_erased(night: Night) -> int:
    """Remove learners who are on the list from the lake, with a receipt each; the caller holds the run's lock.

    The receipt is finished if no version names the learner. Else `pulse erase` has to be run again: it deletes the
    versions.

    Args:
        night: whose lake, with activity that is up to date.

    Returns:
        How many there were; the activity of their days has to be made again.

    Raises:
        PulseError: who has been erased is not known.
    """
    erased = night.erased_learners()
    learners = _on_list(night, erased)
    for learner in learners:
        _erase(night, learner, erased.hash_of(learner))
    if learners:
        night.progress.note(f"{len(learners)} erased learners were in the lake still, or again, and are gone from it")
    return len(learners)


def _erase(night: Night, learner: str, learner_sha256: str) -> None:
    pin = night.warehouse.pin
    with night.connect() as connection:  # also the keys that a lookup has got since
        ids = ids_of(connection, night, learner)
    suppression.suppress(night.lake.suppressed, *ids, fewest=most_erased(night.warehouse))
    before = find_learner(night, learner)
    receipt = begin(night.lake, learner_sha256, pin.version if pin else None)
    receipt.count(before)
    erase_from_lake(night, before.files, learner)
    if not any(tables.total() for tables in before.versions.values()):
        receipt.finish(find_learner(night, learner), None)


def _on_list(night: Night, erased: Suppressed) -> list[str]:
    named = list(_named(night)) if erased.hashes else []
    if not named:
        return []
    with connected(night) as connection:
        connection.execute(f"create temp view named as {' union all '.join(named)}")
        engine.create(connection, "listed", hash=sorted(erased.hashes))
        return [learner for (learner,) in connection.execute(engine.sql(ON_LIST), {"salt": erased.salt}).fetchall()]


def _named(night: Night) -> Iterator[str]:
    """Yield the SQL that reads the ids in each kind of file that a version is made of."""
    lake, landings = night.lake, night.landings
    undated = [lake.undated(stream.name) for stream in night.configuration.event_streams]
    kinds = [
        (IN_ACTIVITY, [lake.activity(day) for day in lake.activity_days()]),
        *(
            (IN_COLUMN, [file])
            for file in (lake.users, lake.zones, lake.profiles, lake.sums, lake.basis, lake.restatements)
        ),
        (IN_KEYS, [lake.lookups]),
        (IN_ROWS, [lake.users]),
        (IN_ROWS, [lake.accepted_quarantine]),
        (IN_ROWS, undated),
        (IN_LANDINGS, [lake.landing(*key) for key, landing in landings.items() if landing.source_rows > landing.rows]),
    ]
    for query, files in kinds:
        if existing := [file for file in files if file.exists()]:
            yield query.format(files=engine.files(existing))
