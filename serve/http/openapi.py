"""`/openapi.json`: `openapi.yaml`, and what follows from it or from the configuration.

See docs/reference/http.md. A test compares the description with the routes of the app and with what they answer.
"""

from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import yaml
from flask import Flask, Response

from warehouse.configuration.surroundings.serving import Serve

FILE = Path(__file__).with_suffix(".yaml")
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast, and not in every build
DAYS = 365
FOR_OPS = [{"ops": list[str]()}]
OF_PROFILE = "x-of-profile"


def register(app: Flask, serve: Serve, *, has_profile: bool) -> None:
    """Give an app the route that describes it.

    Args:
        app: the app.
        serve: says whether there are routes for the bearers of the `ops_token`.
        has_profile: whether there are routes of the profile.
    """
    content = _content(has_ops=bool(serve.ops_token), has_profile=has_profile)

    @app.get("/openapi.json")
    def openapi() -> Response:
        headers = {"Cache-Control": "public, max-age=300"}
        return Response(content, mimetype="application/json", headers=headers)


@cache
def _content(*, has_ops: bool, has_profile: bool) -> bytes:
    return orjson.dumps(document(has_ops=has_ops, has_profile=has_profile))


def document(*, has_ops: bool, has_profile: bool = True) -> dict[str, Any]:
    """Return the whole description.

    Args:
        has_ops: whether an `ops_token` is configured; without one its routes do not exist.
        has_profile: whether there is a profile; without one its routes do not exist.
    """
    described: dict[str, Any] = yaml.load(FILE.read_bytes(), LOADER)  # noqa: S506 - a safe one
    paths, components = described["paths"], described["components"]
    if not has_ops:
        described["paths"] = paths = {path: item for path, item in paths.items() if item["get"]["security"] != FOR_OPS}
        del components["securitySchemes"]["ops"]
    if not has_profile:
        described["paths"] = paths = {path: item for path, item in paths.items() if OF_PROFILE not in item["get"]}
    for item in paths.values():
        item["get"] = _without_marks(item["get"], has_profile=has_profile)
        item["head"] = _head(item["get"], components["responses"])
        for content in item["get"]["responses"]["200"]["content"].values():
            for example in content.get("examples", {}).values():
                example["value"]["data"] = _all_days(example["value"]["data"])
    return described


def _without_marks(get: dict[str, Any], *, has_profile: bool) -> dict[str, Any]:
    """Return an operation without the marks of the profile, and without its parameters where there is none."""
    parameters = [
        {key: value for key, value in parameter.items() if key != OF_PROFILE}
        for parameter in get.get("parameters", [])
        if has_profile or OF_PROFILE not in parameter
    ]
    unmarked = {key: value for key, value in get.items() if key != OF_PROFILE}
    return unmarked | ({"parameters": parameters} if parameters else {})


def _head(get: dict[str, Any], errors: dict[str, Any]) -> dict[str, Any]:
    """Return what HEAD answers: the same as GET, without a body."""
    responses = {}
    for status, response in get["responses"].items():
        resolved = errors[status] if "$ref" in response else response
        responses[status] = {key: value for key, value in resolved.items() if key != "content"}
    return get | {"operationId": f"{get['operationId']}Head", "responses": responses}


def _all_days(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the entries of an example, with the last one repeated for every later date."""
    *first, last = entries
    begin = date.fromisoformat(last["date"])
    dates = [begin + timedelta(days=number) for number in range(DAYS - len(first))]
    return first + [last | {"date": each.isoformat()} for each in dates]
