"""Dagster's home in the data folder: what `dagster.yaml` says, and the environment that goes with it."""

import json
import os
from pathlib import Path

import yaml

from pipelines.instance.own_settings import merged, own_settings
from warehouse.configuration.configuration import Configuration
from warehouse.disk.files import make_folder, written_beside

EVENTS_IN_A_BATCH = 1000
DAYS_OF_TICKS = 90

DAGSTER_YAML = """\
# Written by `pulse` at every start; what you change here is lost. Keys of your own: [pulse] dagster_yaml.
telemetry:
  enabled: false
nux:
  enabled: false
event_log_storage:
  module: pipelines.instance.event_log
  class: BatchingEventLogStorage
  config:
    base_dir: {history}
run_storage:
  module: pipelines.instance.run_storage
  class: KeptRunStorage
  config:
    base_dir: {runs}
compute_logs:
  module: dagster._core.storage.noop_compute_log_manager
  class: NoOpComputeLogManager
run_coordinator:
  module: pipelines.instance.run_coordinator
  class: YesterdayUnlessNamed
concurrency:
  runs:
    max_concurrent_runs: 1
run_monitoring:
  enabled: true
freshness:
  enabled: true
retention:
  schedule:
    purge_after_days: {days_of_ticks}
"""


def prepare(configuration: Configuration) -> Path:
    """Write Dagster's home and point the environment of this process, and of those it starts, at it.

    Args:
        configuration: its data folder holds the home, its file becomes `PULSE_CONFIG`.

    Returns:
        The home, `data_dir/dagster`.

    Raises:
        ConfigurationError: the file that `pulse.dagster_yaml` names cannot be used.
    """
    own = own_settings(configuration)
    home = configuration.data_dir / "dagster"
    history = home / "history" / "runs"
    make_folder(history)
    folders = {"history": json.dumps(str(history)), "runs": json.dumps(str(history.parent))}
    text = DAGSTER_YAML.format(**folders, days_of_ticks=DAYS_OF_TICKS)
    if own:
        header, _, settings_of_ours = text.partition("\n")
        text = f"{header}\n{yaml.safe_dump(merged(yaml.safe_load(settings_of_ours), own), sort_keys=False)}"
    settings = home / "dagster.yaml"
    if not settings.exists() or settings.read_text(encoding="utf-8") != text:
        with written_beside(settings) as unfinished:
            unfinished.write_text(text, encoding="utf-8")
    os.environ["DAGSTER_HOME"] = str(home)
    os.environ["DAGSTER_DISABLE_TELEMETRY"] = "1"
    os.environ["DAGSTER_EVENT_BATCH_SIZE"] = str(EVENTS_IN_A_BATCH)
    os.environ["PULSE_CONFIG"] = str(configuration.path)
    return home
