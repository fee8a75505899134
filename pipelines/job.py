"""The job `nightly` and the ranges of UTC days that a run of it is over."""

from datetime import date

JOB_NAME = "nightly"


def range_tags(first: date, last: date) -> dict[str, str]:
    """Return the tags of a run over the partitions from `first` to `last`, both included."""
    return {
        "dagster/asset_partition_range_start": first.isoformat(),
        "dagster/asset_partition_range_end": last.isoformat(),
    }
