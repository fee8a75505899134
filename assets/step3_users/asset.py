"""Dagster's shell of step 3: the learners and their zones, which have no day."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from assets.orchestration.events import source_observation
from assets.orchestration.keys import LAKE, lake_key, source_key
from assets.orchestration.resources import NightResource
from assets.orchestration.retries import EXTRACTION_RETRIES, permanent_errors_fail_at_once
from assets.orchestration.shown import columns
from assets.orchestration.shown.versions import data_of
from assets.step3_users.users import CONTENT_HASH, LandedUsers, land_users
from warehouse.configuration.configuration import Configuration
from warehouse.lake.lake import Lake
from warehouse.lake.learners import landed_streams

DESCRIPTION = "The learners as they are now and their zones over time; replaced by runs up to the newest day."


def users_assets(configuration: Configuration) -> dg.AssetsDefinition:
    """Return the assets of the learners and their zones: one for each stream, which land at once, with lookups."""
    streams, lookups, file = configuration.users_streams, configuration.lookup_tables, Lake.of(configuration).users
    tables = {source_key(table): f"source_table_{number}" for number, table in enumerate([*streams, *lookups])}
    keys_of_lookups = {source_key(table) for table in lookups}

    @dg.multi_asset(
        name="__".join([LAKE, *(stream.name for stream in streams)]),
        can_subset=True,
        ins={name: dg.AssetIn(key, dagster_type=dg.Nothing) for key, name in tables.items()},
        outs={
            stream.name: dg.AssetOut(
                key=lake_key(stream.name),
                description=DESCRIPTION,
                kinds={"parquet"},
                is_required=False,
                owners=configuration.pulse.owners,
                code_version=stream.fingerprint,
                metadata={"path": dg.MetadataValue.path(file), **columns.of_users()},
            )
            for stream in streams
        },
        internal_asset_deps={stream.name: {source_key(stream), *keys_of_lookups} for stream in streams},
        group_name=LAKE,
        retry_policy=EXTRACTION_RETRIES,
    )
    def users(context: dg.AssetExecutionContext, night: NightResource) -> Iterator[dg.MaterializeResult[None]]:
        with permanent_errors_fail_at_once():
            landed = land_users(night.now(context.log), night.run().last)
            state = night.now(context.log)
            about = landed_streams(state.lake)
        for stream in streams:
            if landed is not None:
                context.log_event(source_observation(stream, about[stream.name]["columns"]))
            if lake_key(stream.name) in context.selected_asset_keys:
                yield dg.MaterializeResult(
                    asset_key=lake_key(stream.name),
                    data_version=data_of(about.get(stream.name, {}).get(CONTENT_HASH, "")),
                    metadata={**_metadata(landed, stream.name), "bytes": state.lake.users.stat().st_size},
                )

    return users


def _metadata(landed: LandedUsers | None, stream: str) -> dict[str, Any]:
    if landed is None:
        return {"replaced": False}
    of_stream = landed.streams[stream]
    return {
        "replaced": True,
        "dagster/row_count": of_stream.users,
        "deleted": of_stream.deleted,
        "quarantined": of_stream.quarantined,
        "zones_recorded": landed.moved,
        "table_changes": "; ".join(of_stream.changes),
    }
