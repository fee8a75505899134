"""The one partitions object: UTC days from `first_day` to the last one that is over (R2). And the days of a run."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import dagster as dg

from assets.orchestration.shown.versions import data_of_days, tags_of

PARTITION = "dagster/partition"
RANGE_START, RANGE_END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"


def utc_days(first_day: date) -> dg.DailyPartitionsDefinition:
    """Return the UTC days from `first_day` on; a day is a partition as soon as it is over."""
    return dg.DailyPartitionsDefinition(start_date=first_day.isoformat(), timezone="UTC")


def days_named(tags: Mapping[str, str]) -> tuple[date, date] | None:
    """Return the first and the last day of the partitions that a run's tags name, None if they name none."""
    if RANGE_START in tags and RANGE_END in tags:
        return date.fromisoformat(tags[RANGE_START]), date.fromisoformat(tags[RANGE_END])
    if PARTITION in tags:
        day = date.fromisoformat(tags[PARTITION])
        return day, day
    return None


def partitions_of(context: dg.AssetExecutionContext) -> Sequence[str]:
    """Return the partitions of its asset that a step materializes; none in a run that names none."""
    return context.partition_keys if days_named(context.run.tags) else ()


def tell_each_day(
    context: dg.AssetExecutionContext,
    key: dg.AssetKey,
    figures: Mapping[date, Mapping[str, Any]],
    content_hashes: Mapping[date, str],
) -> None:
    """Attach its figures to each day that the step materializes; any other gets an event of its own.

    Args:
        context: of a step.
        key: an asset with days; other days, and those of another asset, are logged.
        figures: what Dagster shows of each day.
        content_hashes: of each of these days.
    """
    own = set(partitions_of(context)) if key in context.selected_asset_keys else set()
    for day, shown in figures.items():
        if day.isoformat() in own:
            context.add_asset_metadata(dict(shown), asset_key=key, partition_key=day.isoformat())
        else:
            tags = tags_of(data_of_days({day: content_hashes[day]}))
            context.log_event(dg.AssetMaterialization(key, partition=day.isoformat(), metadata=shown, tags=tags))
