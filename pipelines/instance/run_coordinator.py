"""What happens to a run before it is queued: one of assets with days that names no day gets one, yesterday.

Dagster begins such a run and fails where an asset with days has a parent with days, before any code of ours. The tag
also shows in the UI which day the run took. `dagster.yaml` names the class, which is a supported hook.
"""

import dagster as dg
from dagster._core.run_coordinator import QueuedRunCoordinator, SubmitRunContext

from assets.orchestration.partitions import PARTITION, days_named


class YesterdayUnlessNamed(QueuedRunCoordinator):
    """Dagster's queue; only a run without a partition is given the last one that is over."""

    def submit_run(self, context: SubmitRunContext) -> dg.DagsterRun:
        """Queue a run.

        Args:
            context: the run, and the workspace whose assets it materializes.

        Returns:
            The run as it was queued.
        """
        run = context.dagster_run
        if days_named(run.tags) is None:
            graph = context.workspace.asset_graph
            keys = graph.asset_keys_for_job(run.job_name) if run.asset_selection is None else run.asset_selection
            with_days = (graph.get(key).partitions_def for key in keys if graph.has(key))
            days = next((days for days in with_days if days is not None), None)
            last = None if days is None else days.get_last_partition_key()
            if last is not None:
                self._instance.add_run_tags(run.run_id, {PARTITION: last})
        return super().submit_run(context)
