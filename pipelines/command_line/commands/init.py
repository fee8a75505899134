"""`pulse init`: looks at a source and writes a `pulse.toml` that reads it, with a comment on how sure each line is."""

import shlex
from pathlib import Path

import click

from pipelines.command_line.options import config_option
from pipelines.command_line.running import obey_interrupts, say
from pipelines.command_line.terminal import plain
from pipelines.propose.guess.proposal import Proposal
from pipelines.propose.look.address import Address, address_of
from pipelines.propose.propose import propose
from pipelines.propose.write import JWT_SECRET, text_of
from warehouse.configuration.configuration import load
from warehouse.errors import ConfigurationError, PulseError

SECRET = {JWT_SECRET.strip("${}"): "at least 32 bytes that only you and your login know"}


@click.command()
@click.argument("source_url", metavar="SOURCE_URL")
@click.option("--schema", metavar="NAME", help="whose tables are looked at", show_default="the usual one")
@config_option
def init(source_url: str, schema: str | None, config: Path) -> None:
    """Propose streams and mappings for a source.

    Raises:
        ConfigurationError: the file exists, or the URL cannot be used.
        PulseError: the source fails, or has nothing that we know.
    """
    _refuse_unusable(config)
    obey_interrupts()
    address = address_of(source_url)
    say("looking at the tables, read-only")
    proposal = propose(address, config.absolute().parent, schema)
    _write(config, text_of(proposal))
    say(plain(_what_next(config, address, proposal)))


def _refuse_unusable(config: Path) -> None:
    if config.exists() or config.is_symlink():
        raise ConfigurationError([f"{config}: it exists, and nothing is overwritten; name another file with --config"])
    if not config.absolute().parent.is_dir():
        raise ConfigurationError([f"{config}: there is no folder {config.parent}; make it, or name another file"])


def _write(config: Path, text: str) -> None:
    """Write a file that was not there; take it away again if it is none that we would load."""
    try:
        with config.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:  # since we looked
        _refuse_unusable(config)
    except OSError as error:
        raise PulseError(f"{config} cannot be written: {error.strerror}; name another file with --config") from error
    try:
        load(config)
    except ConfigurationError as error:
        config.unlink()
        mistakes = "; ".join(error.mistakes)
        raise PulseError(f"what was proposed does not load, so nothing is written: {mistakes}") from None


def _what_next(config: Path, address: Address, proposal: Proposal) -> str:
    streams = ", ".join(stream.name for stream in proposal.streams)
    variables = {**address.variables, **SECRET}
    named = "" if str(config) == "pulse.toml" else f" --config {shlex.quote(str(config))}"
    return f"""\
wrote {config}: {streams}
looked at and left out: {len(proposal.left_out)} tables, listed at the end of the file

Read the {proposal.doubts} lines that are marked "check". Then set these variables in the environment:

{chr(10).join(f"  {name:<20} {content}" for name, content in variables.items())}

and ask what is left to correct, which writes nothing:

  pulse check{named}

and run the first night:

  pulse nightly{named}"""
