"""Every own route of a server, taken from its description, so that no test of all of them can forget one.

That the description has every route that there is, and that routes are own ones which should be, is
`tests/serve/profile/test_own_routes.py`.
"""

from serve.http.openapi import document

DESCRIBED = document(has_ops=True)["paths"]
OWN_SECURITY = [{"bearer": list[str]()}, {"apiKey": list[str]()}]
OWN = [path for path, item in DESCRIBED.items() if item["get"]["security"] == OWN_SECURITY]
# What may stand in a path or a query of a history that begins on 29 December 2025; a route that needs more fails.
FILLED = {"day": "2025-12-30", "year": "2025", "start_date": "2025-12-29", "end_date": "2025-12-30"}


def _filled(path: str) -> str:
    return path.format_map(FILLED)


def _with_query(path: str) -> str:
    """Return a location that asks for everything that a path can be asked for."""
    names = [one["name"] for one in DESCRIBED[path]["get"]["parameters"] if one["in"] == "query"]
    return "&".join(f"{name}={FILLED[name]}" for name in names)


LOCATIONS = [
    *map(_filled, OWN),
    *(f"{_filled(path)}?{query}" for path in OWN if (query := _with_query(path))),
]
