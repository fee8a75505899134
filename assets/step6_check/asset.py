"""Dagster's shell of steps 5 and 6: the version's tables, built whole, with the checks that block publishing."""

from collections.abc import Iterable, Iterator

import dagster as dg

from assets.night.night import Night
from assets.orchestration.events import table_metadata
from assets.orchestration.keys import VERSION, lake_key, users_keys, version_key
from assets.orchestration.resources import NightResource
from assets.orchestration.retries import permanent_errors_fail_at_once
from assets.orchestration.shown import columns
from assets.orchestration.shown.versions import code_of_version, data_of
from assets.step4_roll_up.asset import roll_up_once
from assets.step5_build.build import DRIFTED, Built, build
from assets.step6_check.check import check, doubt_of, refuse_failures, without_keys
from assets.step6_check.check_list import NOTHING, Check, Outcome, checks_of
from warehouse.configuration.configuration import Configuration
from warehouse.versions import schema

Yielded = dg.MaterializeResult[None] | dg.AssetCheckResult
NOTHING_BUILT = "nothing is built before every stream has landed first_day (R25)"


def version_asset(configuration: Configuration) -> dg.AssetsDefinition:
    """Return the multi-asset of the public tables of the next version."""
    checks = checks_of(configuration)

    @dg.multi_asset(
        name="version",
        can_subset=True,
        specs=[
            dg.AssetSpec(
                version_key(table.name),
                deps=[lake_key("activity"), *users_keys(configuration)],
                description=table.comment,
                metadata=columns.of_table(table),
                owners=configuration.pulse.owners,
                code_version=code_of_version(),
                group_name=VERSION,
                kinds={"duckdb", "view" if table.is_view else "table"},
                skippable=True,
            )
            for table in schema.tables_of(configuration)
        ],
        check_specs=[
            dg.AssetCheckSpec(
                listed.name, asset=version_key(listed.table), description=listed.description, blocking=True
            )
            for listed in checks
        ],
    )
    def version(context: dg.AssetExecutionContext, night: NightResource) -> Iterator[Yielded]:
        with permanent_errors_fail_at_once():
            roll_up_once(context, night)  # in a run without the activity, which would have done it
            built, outcomes = _built_and_checked(context, night)
            if built is None:
                context.log.info(NOTHING_BUILT)
                yield from _selected(context, _unneeded(checks))
                return
        yield from _selected(context, _results(configuration, built, outcomes))
        with permanent_errors_fail_at_once():
            refuse_failures(built.version, outcomes)

    return version


def _built_and_checked(context: dg.AssetExecutionContext, night: NightResource) -> tuple[Built | None, list[Outcome]]:
    """Build and check; if a check of the pipeline itself fails for a version that kept rows, build in full."""
    built = build(night.now(context.log))
    if built is None:
        return None, []
    outcomes = _checked(night.now(context.log), built.version, night.accepted)
    doubt = doubt_of(outcomes)
    if not doubt or not built.remarks.kept_from:
        return built, outcomes
    built = build(night.now(context.log), DRIFTED, doubt)
    return built, _checked(night.now(context.log), built.version, night.accepted) if built else []


def _checked(state: Night, version: str, accepted: tuple[str, ...]) -> list[Outcome]:
    with state.progress.timed("checks"):
        return check(state, version, accepted)


def _selected(context: dg.AssetExecutionContext, results: Iterable[Yielded]) -> Iterator[Yielded]:
    """Yield what the run has selected: a version is built whole, whichever of its tables and checks are asked for."""
    checks = {(key.asset_key, key.name) for key in context.selected_asset_check_keys}
    for result in results:
        check_results = [result] if isinstance(result, dg.AssetCheckResult) else result.check_results or []
        wanted = [
            check_result
            for check_result in check_results
            if (check_result.asset_key, check_result.check_name) in checks
        ]
        if isinstance(result, dg.MaterializeResult) and result.asset_key in context.selected_asset_keys:
            yield result._replace(check_results=wanted)
        else:
            yield from wanted


def _unneeded(checks: Iterable[Check]) -> Iterator[dg.AssetCheckResult]:
    """Tables may be skipped, their checks may not: without a table none is violated."""
    for listed in checks:
        yield dg.AssetCheckResult(
            passed=True,
            asset_key=version_key(listed.table),
            check_name=listed.name,
            description=NOTHING_BUILT,
            metadata={"compared": NOTHING},
        )


def _results(
    configuration: Configuration, built: Built, outcomes: list[Outcome]
) -> Iterator[dg.MaterializeResult[None]]:
    for table in schema.tables_of(configuration):
        yield dg.MaterializeResult(
            asset_key=version_key(table.name),
            data_version=data_of(built.logical_hash),
            metadata=table_metadata(table, built.version, built.rows),
            check_results=[_check_result(outcome) for outcome in outcomes if outcome.check.table == table.name],
        )


def _check_result(outcome: Outcome) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        passed=outcome.passed,
        asset_key=version_key(outcome.check.table),
        check_name=outcome.check.name,
        description=None if outcome.passed else f"{without_keys(str(outcome.example))}: {outcome.check.way_out}",
        metadata={"violations": outcome.violations, "compared": outcome.compared},
    )
