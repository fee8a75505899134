"""`pulse check`: what is wrong with sources, mappings, rows, data folder, schedule and credentials, all at once."""

import json
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import click

from assets.examine.examine import examine
from assets.examine.finding import Finding
from pipelines.command_line.options import Answering, config_option
from pipelines.command_line.serving import look_at_credentials
from pipelines.instance.daemon import look_at_nights
from warehouse.configuration.configuration import load


@click.command(cls=Answering)
@config_option
@click.option("--stream", metavar="S", help="look at this stream and its source alone")
@click.option("--json", "as_json", is_flag=True, help="print a list of objects")
@click.pass_context
def check(context: click.Context, config: Path, stream: str | None, as_json: bool) -> None:  # noqa: FBT001 - click gives it by name
    """Look at everything a night and the server need; land nothing, write nothing, take no lock."""
    findings = _findings(config, stream)
    if as_json:
        every = list(findings)
        print(json.dumps([finding.to_json() for finding in every], indent=2))
    else:
        every = []
        for finding in findings:  # a source that is slow to answer holds back none of the others
            print(finding.line, flush=True)
            every.append(finding)
    if any(finding.status == "failed" for finding in every):
        context.exit(1)


def _findings(config: Path, stream: str | None) -> Iterator[Finding]:
    if stream is not None:
        return examine(config, stream)
    configuration = load(config)
    return chain(examine(config), look_at_nights(configuration), look_at_credentials(configuration))
