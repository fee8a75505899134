"""`pulse explain`: why a learner's date is what it is, row by row."""

import json
from datetime import date
from pathlib import Path

import click

from assets.examine.explain.explain import explain as explain_date
from assets.examine.explain.lines import lines_of
from assets.night.night import Night
from pipelines.command_line.options import Answering, config_option, learner_id, utc_day
from warehouse.configuration.configuration import load


@click.command(cls=Answering)
@config_option
@click.option("--json", "as_json", is_flag=True, help="print one object")
@click.argument("user_id", type=learner_id)
@click.argument("date", type=utc_day)
def explain(config: Path, user_id: str, date: date, as_json: bool) -> None:  # noqa: FBT001 - click gives it by name
    """Explain a local date of a learner by the lake: every row, the sums, and what is published of it."""
    explanation = explain_date(Night.of(load(config)), user_id, date)
    if as_json:
        print(json.dumps(explanation.to_json(), indent=2))
        return
    for line in lines_of(explanation):
        print(line)
