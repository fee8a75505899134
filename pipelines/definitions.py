"""What Dagster loads, by `dagster dev -m pipelines.definitions` or `[tool.dagster]`; it assembles and no more."""

import warnings

import dagster as dg

from assets.orchestration.partitions import utc_days
from assets.orchestration.resources import NightResource
from assets.orchestration.sources import source_tables
from assets.step2_land.asset import landing_asset
from assets.step3_users.asset import users_assets
from assets.step4_roll_up.asset import activity_asset
from assets.step6_check.asset import version_asset
from assets.step7_publish.asset import warehouse_asset
from pipelines.jobs.failures import failure_sensor
from pipelines.jobs.nightly import JOB_NAME
from pipelines.jobs.reconcile import reconcile_job, weekly_schedule
from pipelines.jobs.schedule import nightly_schedule
from warehouse.configuration.configuration import Configuration, configuration_path, load

HINT = "no configuration file: name one with PULSE_CONFIG, or try `pulse demo`"


def definitions(configuration: Configuration) -> dg.Definitions:
    """Return the assets, jobs and schedules of a configuration."""
    days = utc_days(configuration.pulse.first_day)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)  # BackfillPolicy; the lock file holds Dagster to one patch
        assets = [
            *(landing_asset(configuration, stream, days) for stream in configuration.event_streams),
            users_assets(configuration),
            activity_asset(configuration, days),
            version_asset(configuration),
            warehouse_asset(configuration),
        ]
    nightly = dg.define_asset_job(
        JOB_NAME,
        selection=dg.AssetSelection.assets(*assets),
        description="Extract, roll up, build, check, publish: a night, or a range of days as one run.",
    )
    return dg.Definitions(
        assets=[*source_tables(configuration), *assets],
        jobs=[nightly, reconcile_job(configuration)],
        schedules=[nightly_schedule(configuration), weekly_schedule(configuration)],
        sensors=[failure_sensor(configuration)]
        if configuration.alerts.is_for_anybody or configuration.metrics_dir
        else [],
        resources={"night": NightResource()},
        executor=dg.in_process_executor,  # of runs that begin from assets too: one process, which holds the lock
    )


path = configuration_path()
if path.exists():
    defs = definitions(load(path))
else:
    dg.get_dagster_logger("pulse").warning(HINT)
    defs = dg.Definitions(metadata={"hint": HINT})
