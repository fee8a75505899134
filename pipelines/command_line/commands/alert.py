"""`pulse alert test`: whether those who are to be told are told."""

from pathlib import Path

import click

from pipelines.command_line.options import Answering, config_option
from warehouse import clock
from warehouse.condition.alerts.alert import Alert
from warehouse.condition.alerts.channels import channels_of
from warehouse.condition.alerts.outbox import SECONDS
from warehouse.configuration.configuration import load
from warehouse.errors import ConfigurationError, PulseError


@click.command(cls=Answering)
@click.argument("what", type=click.Choice(["test"]))
@config_option
def alert(what: str, config: Path) -> None:
    """Send a test by every way that [alerts] names, once each."""
    configuration = load(config, ["alerts"])
    channels, mistakes = channels_of(configuration.alerts)
    if mistakes or not channels:
        lacking = "nobody is told of anything: [alerts] names neither webhook nor email"
        raise ConfigurationError([f"{config}: {mistake}" for mistake in mistakes or [lacking]])
    failures = []
    for channel in channels:
        message = Alert("test", f"a {what}, nothing has happened", f"{clock.now():%Y-%m-%dT%H-%M-%S}")
        failure = channel.deliver(message, SECONDS)
        print(f"{channel.name}: {failure or 'sent'}")
        failures += [channel.name] if failure else []
    if failures:
        raise PulseError(f"nobody was told by {', '.join(failures)}; look at [alerts] in {config}")
