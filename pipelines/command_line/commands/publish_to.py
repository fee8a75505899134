"""`pulse publish-to`: a copy of what is published, for servers on other machines."""

from pathlib import Path

import click

from pipelines.command_line.options import Writing, config_option
from warehouse.configuration.configuration import load
from warehouse.configuration.surroundings.targets import target_of
from warehouse.copies.copy import publish_to as copy_to
from warehouse.copies.targets import target_at
from warehouse.errors import ConfigurationError, PulseError


@click.command(cls=Writing)
@config_option
@click.argument("targets", metavar="[TARGET]...", nargs=-1)
def publish_to(config: Path, targets: tuple[str, ...]) -> None:
    """Copy what is published to a folder or HOST:PATH, by default to those that pulse.publish_to names."""
    configuration = load(config)
    named = [(target_of(target), Path.cwd()) for target in targets]
    asked = named or [(target, configuration.path.parent) for target in configuration.pulse.publish_to]
    if not asked:
        raise ConfigurationError(["no target: name a folder or HOST:PATH, here or in pulse.publish_to"])
    failures = []
    for target, beside in asked:
        try:
            version, deleted = copy_to(configuration, target_at(target, beside))
        except PulseError as error:
            failures.append(f"{target}: {error}")
            continue
        print(f"{target}: {version or 'nothing'} is served there{f', {len(deleted)} deleted' if deleted else ''}")
    if failures:
        raise PulseError("; ".join(failures))
