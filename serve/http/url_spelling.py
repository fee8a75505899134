"""A path has one spelling only, so that a proxy's rules for paths fit (FAULTS 80).

`//metrics`, `/%2Fmetrics` and `/%6Detrics` are other paths to a proxy and were `/metrics` to the routes. So the path is
compared as it was sent, before it is decoded. Only a name in it may be percent-encoded.
"""

import re

from flask import Flask, abort, request

ESCAPED_SLASH = re.compile("%2f", re.IGNORECASE)
NOT_FOUND = 404


def register(app: Flask) -> None:
    """Answer 404 if no route has the path as it was sent; to be registered before anything else."""
    rules: list[list[str]] = []
    without_names: set[str] = set()

    @app.before_request
    def refuse_other_spellings() -> None:
        if not rules:
            rules.extend(rule.rule.split("/") for rule in app.url_map.iter_rules())
            without_names.update(rule.rule for rule in app.url_map.iter_rules() if not rule.arguments)
        path = request.environ["REQUEST_URI"].partition("?")[0]
        if path not in without_names and not any(_is_spelled(path.split("/"), rule) for rule in rules):
            abort(NOT_FOUND)


def _is_spelled(segments: list[str], rule: list[str]) -> bool:
    return len(segments) == len(rule) and all(
        _is_name(segment) if part.startswith("<") else segment == part
        for segment, part in zip(segments, rule, strict=True)
    )


def _is_name(segment: str) -> bool:
    return segment != "" and not ESCAPED_SLASH.search(segment)
