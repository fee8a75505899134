"""Keys of Dagster's own for its instance, from the file that `[pulse] dagster_yaml` names, merged with ours and kept.

Where Dagster stores runs and events, and what becomes of a run's output, is anybody's choice. Two things are not: runs
go one after the other, and they run on this machine, because the run's lock is this machine's.
"""

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import yaml

from warehouse.configuration.configuration import Configuration
from warehouse.disk.files import regular_file
from warehouse.errors import ConfigurationError

Settings: TypeAlias = Mapping[str, Any]

STORAGES = ("event_log_storage", "run_storage", "schedule_storage")
IN_BOTH = ("concurrency", "retention")  # of which ours and those of one's own stand side by side
ONE_RUN = "runs go one after the other, by the queue that we set; leave it out"
# Launchers that start a run where the run's lock holds: as a process of this machine.
LAUNCHERS_HERE = {
    ("dagster", "DefaultRunLauncher"),
    ("dagster._core.launcher.default_run_launcher", "DefaultRunLauncher"),
}


def own_settings(configuration: Configuration) -> Settings:
    """Return the keys of the file that `pulse.dagster_yaml` names; none without one.

    Raises:
        ConfigurationError: it cannot be read, or has a key that is ours.
    """
    file = configuration.dagster_yaml
    if file is None:
        return {}
    try:
        content = yaml.safe_load(regular_file(file).read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ConfigurationError([f"{file}: it cannot be read: {' '.join(str(error).split())[:200]}"]) from error
    if content is None:
        return {}
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise ConfigurationError([f"{file}: it has no keys; write it as Dagster's dagster.yaml"])
    if mistakes := [*_mistakes(content)]:
        raise ConfigurationError([f"{file}: {mistake}" for mistake in mistakes])
    return content


def merged(settings: Settings, own: Settings) -> dict[str, Any]:
    """Return our settings with those of one's own, which win; `storage` stands for all three kinds of it."""
    replaced = STORAGES if "storage" in own else ()
    kept = {key: value for key, value in settings.items() if key not in replaced}
    both: dict[str, Any] = {key: {**kept[key], **own[key]} for key in IN_BOTH if key in kept and key in own}
    return {**kept, **own, **both}


def keeps_storage_elsewhere(configuration: Configuration) -> bool:
    """Tell whether Dagster's history is not in our data folder."""
    return not {"storage", *STORAGES}.isdisjoint(own_settings(configuration))


def _mistakes(content: Settings) -> Iterator[str]:
    if "run_coordinator" in content or "run_queue" in content:
        yield f"run_coordinator: {ONE_RUN}"
    concurrency = content.get("concurrency", {})
    runs = concurrency.get("runs", {}) if isinstance(concurrency, dict) else {}
    if runs not in ({}, {"max_concurrent_runs": 1}):
        yield f"concurrency.runs: {ONE_RUN}"
    launcher = content.get("run_launcher", {})
    names = (launcher.get("module"), launcher.get("class")) if isinstance(launcher, dict) else (None, None)
    if "run_launcher" in content and names not in LAUNCHERS_HERE:
        yield (
            f"run_launcher: {names[1] or 'it'} starts runs elsewhere, and the lock that keeps two runs apart is this "
            "machine's; leave it out"
        )
