"""Erasing a learner from everything of ours, in an order that a kill anywhere leaves safe and a rerun completes.

The receipt is begun first, so that an erasure that dies is known. Then comes the list of erased learners. From then on
runs and builds leave the learner out, and no server answers with the learner's numbers. Then comes the lake, then a
version without the learner, then every older version. What is not ours stays as it is: sources, backups, logs
(docs/guide/erase.md).
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeAlias

from assets.erase.find_learner import LearnerRows, find_learner, ids_of
from assets.erase.lake import erase_from_lake
from assets.erase.learner_meant import learner_meant
from assets.erase.receipt import Receipt, begin
from assets.night.night import Night
from warehouse.condition.readiness import refuse_links
from warehouse.crash_points import reached
from warehouse.disk.leftovers import remove_leftovers
from warehouse.erasure import suppression
from warehouse.erasure.erased import most_erased
from warehouse.errors import CheckFailedError, PulseError, StorageError
from warehouse.versions.manifest import Manifest
from warehouse.versions.versions import Warehouse
from warehouse.versions.withdrawal import keep_only, withdraw

Publish: TypeAlias = Callable[[Night, tuple[str, ...]], Manifest | None]

LET_THROUGH: tuple[tuple[str, ...], ...] = ((), ("accept_shrink",), ("accept_shrink", "accept_quarantine"))
WITHOUT_A_DAY = "no day is complete under the present configuration"
WAY_OUT = "correct it and run `pulse build`"


@dataclass(frozen=True)
class Erased:
    """What an erasure did.

    Args:
        receipt: finished: the learner is gone.
        failure: why there is no new version, None if there is one or none was needed.
    """

    receipt: Receipt
    failure: str | None


def erase(night: Night, user_id: str, publish: Publish, tell_list: Callable[[], None] = lambda: None) -> Erased:
    """Erase a learner; the caller holds the run's lock.

    Args:
        night: whose lake and warehouse.
        user_id: the id as a source spells it, or as the lake does (`learner_meant`).
        publish: makes a version of the lake, past the guards that it is given, also where a clock was ahead.
        tell_list: is called as soon as the learner is on the list, for copies of it elsewhere; it does not fail.

    Raises:
        DamagedError: the pointer, the list, or a file is not what we put there; nothing was begun.
        PulseError: the erasure is not complete; it has to be run again.
    """
    lake, warehouse = night.lake, night.warehouse
    refuse_links(lake, warehouse)
    warehouse.current()  # a pointer that is a file is a copy of a version, and might keep the learner
    learner, fewest = learner_meant(night.configuration, user_id), most_erased(warehouse)
    suppressed = suppression.make_list(lake.suppressed, fewest=fewest)
    reached("erase: list made")
    pin = warehouse.pin
    receipt = begin(lake, suppressed.hash_of(learner), pin.version if pin else None)
    reached("erase: receipt begun")
    _remove_leftovers(night)  # a version that waits to be published has the learner
    with night.connect() as connection:
        suppression.suppress(lake.suppressed, *ids_of(connection, night, learner), fewest=fewest)
    reached("erase: learner suppressed")
    tell_list()
    before = find_learner(night, learner)
    receipt.count(before)
    reached("erase: learner counted")
    erase_from_lake(night, before.files, learner)
    reached("erase: lake done")
    version, failure = _publish_without(night.read_again(), learner, publish) if receipt.rows_before else (None, None)
    after = find_learner(night, learner)
    _refuse_rest(after)
    receipt.finish(after, version)
    return Erased(receipt, failure)


def _remove_leftovers(night: Night) -> None:
    """Remove what runs left half-done, and a version that was built and never published: they may name the learner."""
    remove_leftovers(night.configuration.data_dir)
    for unpublished in night.warehouse.building("*").parent.glob("*"):
        unpublished.unlink()


def _publish_without(night: Night, learner: str, publish: Publish) -> tuple[str | None, str | None]:
    """Publish a version without the learner and delete every other; return its name, or why there is none."""
    warehouse = night.warehouse
    try:
        manifest = _past_guards(night, publish)
    except StorageError:
        raise  # with room on the disk a rerun makes it
    except PulseError as error:
        return None, _withdraw(night, learner, str(error))
    if manifest is None:
        return None, _withdraw(night, learner, WITHOUT_A_DAY) if _has_versions(warehouse) else None
    reached("erase: version published")
    with night.progress.step("versions") as summarize:
        deleted = keep_only(warehouse, manifest.version)
        summarize(f"{len(deleted)} older versions deleted")
    return manifest.version, None


def _has_versions(warehouse: Warehouse) -> bool:
    return any((warehouse.root / "versions").glob("*.duckdb"))


def _past_guards(night: Night, publish: Publish) -> Manifest | None:
    """Publish the lake, past as many guards as stand in the way, which the manifest records.

    Raises:
        CheckFailedError: a check fails that cannot be let through.
    """
    *fewer, most = LET_THROUGH
    for accepted in fewer:
        with suppress(CheckFailedError):
            return publish(night, accepted)
    return publish(night, most)


def _withdraw(night: Night, learner: str, reason: str) -> str:
    """Delete the versions with the learner although there is no new one, and say what is served then."""
    warehouse = night.warehouse
    versions = find_learner(night, learner).versions
    deleted = withdraw(warehouse, [name for name, tables in versions.items() if tables.total()])
    current = warehouse.current()
    return (
        f"the learner is erased, but no version could be made without the learner's rows: {reason}; "
        f"deleted: {', '.join(deleted) or 'no version'}; served now: {current or 'nothing'}; {WAY_OUT}"
    )


def _refuse_rest(after: LearnerRows) -> None:
    if after.rows:
        names = [name for name, rows in after.lake.items() if rows]
        names += [name for name, tables in after.versions.items() if tables.total()]
        raise PulseError(f"{after.rows} rows of the learner are still in {', '.join(names)}; run `pulse erase` again")
