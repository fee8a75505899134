"""Dagster's shell of step 3: the learners and their zones, which have no day."""

import dagster as dg

from assets.orchestration.keys import LAKE, lake_key, source_inputs
from assets.orchestration.resources import NightResource
from assets.orchestration.retries import EXTRACTION_RETRIES, permanent_errors_fail_at_once
from assets.step3_users.users import land_users
from warehouse.configuration.configuration import Stream


def users_asset(stream: Stream) -> dg.AssetsDefinition:
    """Return the asset of the learners and their zones."""

    @dg.asset(
        key=lake_key(stream.name),
        ins=source_inputs(stream),
        retry_policy=EXTRACTION_RETRIES,
        group_name=LAKE,
        description="The learners as they are now and their zones over time; replaced by runs up to the newest day.",
        kinds={"parquet"},
    )
    def users(night: NightResource) -> dg.MaterializeResult[None]:
        with permanent_errors_fail_at_once():
            landed = land_users(night.now(), night.run().last)
        if landed is None:
            return dg.MaterializeResult(metadata={"replaced": False})
        return dg.MaterializeResult(
            metadata={
                "replaced": True,
                "dagster/row_count": landed.users,
                "deleted": landed.deleted,
                "quarantined": landed.quarantined,
                "zones_recorded": landed.moved,
                "table_changes": "; ".join(landed.changes),
            }
        )

    return users
