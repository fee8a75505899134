"""`/openapi.json`: every route with its parameters, answers, headers and errors, as OpenAPI 3.1.

See docs/reference/http.md.

Written down once, here; a test compares it with the routes of the app and with what they answer. The parts that it is
put together from are in `openapi_parts.py`.
"""

from typing import Any

import orjson
from flask import Flask, Response

from serve.http.openapi_parts import (
    API_KEY,
    BEARER,
    CONTRACT_EXAMPLE,
    ERRORS,
    HEADERS,
    LEARNER_EXAMPLE,
    OPS,
    PROFILE_EXAMPLE,
    SCHEMAS,
    error,
    headers,
    no_content,
    not_modified,
    schema,
    status,
)
from warehouse.configuration.serving import Serve

PULSE, PROFILE = "/api/xp/learning-pulse", "/api/xp/public-profile/{username}"
PICTURE, PAGE = "/api/xp/public-profile/{username}/pulse.svg", "/profile/{username}"

NO_SECURITY: list[dict[str, list[str]]] = []
CREDENTIAL: list[dict[str, list[str]]] = [{"bearer": []}, {"apiKey": []}]
OWN_HEADERS = (
    "ETag",
    "X-Data-Version",
    "X-Data-Through",
    "X-Pulse-Complete-Through",
    "X-Pulse-Timezone",
    "X-Pulse-Metric",
    "X-Pulse-Cuts",
    "X-Pulse-Population",
    "X-Pulse-Learner",
)
PUBLIC_HEADERS = ("Cache-Control", "ETag", "X-Data-Version", "X-Data-Through", "X-Pulse-Complete-Through")
USERNAME = {
    "name": "username",
    "in": "path",
    "required": True,
    "description": "The username, compared byte for byte after Unicode normalisation (NFC).",
    "schema": {"type": "string", "minLength": 1},
    "examples": {"ada": {"value": "ada"}},
}
THEME = {
    "name": "theme",
    "in": "query",
    "required": False,
    "description": "`light`, `dark`, or `auto`, which follows the reader's system; anything else is `auto`.",
    "schema": {"type": "string", "default": "auto"},
    "examples": {"dark": {"value": "dark"}},
}
IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "The `ETag` of the answer that the client holds.",
    "schema": {"type": "string"},
}


def register(app: Flask, serve: Serve) -> None:
    """Give an app the route that describes it.

    Args:
        app: the app.
        serve: says whether there are routes for the bearers of the `ops_token`.
    """
    content = orjson.dumps(document(has_ops=bool(serve.ops_token)))

    @app.get("/openapi.json")
    def openapi() -> Response:
        headers = {"Cache-Control": "public, max-age=300"}
        return Response(content, mimetype="application/json", headers=headers)


def document(*, has_ops: bool) -> dict[str, Any]:
    """Return the whole description.

    Args:
        has_ops: whether an `ops_token` is configured; without one its routes do not exist.
    """
    described = {
        PULSE: _pulse(),
        PROFILE: _profile(),
        PICTURE: _picture(),
        PAGE: _page(),
        "/health": _health(),
        "/health/ready": _ready(),
        "/openapi.json": _openapi(),
    }
    if has_ops:
        described |= {"/health/detailed": _detailed(), "/metrics": _metrics()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Learning Pulse",
            "version": "1",
            "description": "A learner's last 365 days, and how intense each of them was for that learner.",
        },
        "paths": {path: _methods(path, get) for path, get in described.items()},
        "components": {
            "schemas": SCHEMAS,
            "headers": HEADERS,
            "responses": ERRORS,
            "securitySchemes": {"bearer": BEARER, "apiKey": API_KEY} | ({"ops": OPS} if has_ops else {}),
        },
    }


def _methods(path: str, get: dict[str, Any]) -> dict[str, Any]:
    """Return what a path answers to GET, to HEAD (the same without a body) and to OPTIONS."""
    name = get["operationId"]
    responses = {status: no_content(answer) for status, answer in get["responses"].items()}
    options = {
        "operationId": f"{name}Options",
        "summary": "Which methods there are, and for a browser whether the page may call them",
        "security": NO_SECURITY,
        "responses": {"204": {"description": "Before any credential is asked for.", "headers": headers("Allow")}},
    }
    methods = {"get": get, "head": get | {"operationId": f"{name}Head", "responses": responses}, "options": options}
    return {"parameters": [USERNAME], **methods} if "{username}" in path else methods


def _pulse() -> dict[str, Any]:
    examples = {"contract": {"value": CONTRACT_EXAMPLE}, "learner": {"value": LEARNER_EXAMPLE}}
    return {
        "operationId": "learningPulse",
        "summary": "The 365 days of the learner whose credential this is",
        "description": "Either credential, once; both at the same time are 400.",
        "security": CREDENTIAL,
        "parameters": [IF_NONE_MATCH],
        "responses": {
            "200": {
                "description": "365 entries, oldest first, and their totals; zeros for a learner who is not known yet.",
                "headers": headers("Cache-Control", "Vary", *OWN_HEADERS),
                "content": {"application/json": {"schema": schema("LearningPulse"), "examples": examples}},
            },
            "304": not_modified("Cache-Control", "Vary", "ETag", "X-Data-Version", "X-Data-Through"),
            **error(400, 401, 403, 429, 500, 503),
        },
    }


def _public(operation: str, summary: str, media_type: str, answer: dict[str, Any]) -> dict[str, Any]:
    return {
        "operationId": operation,
        "summary": summary,
        "description": "Credentials are ignored. Private, unknown and nameless learners are one and the same 404.",
        "security": NO_SECURITY,
        "parameters": [IF_NONE_MATCH],
        "responses": {
            "200": {
                "description": "The learner agreed to a public page.",
                "headers": headers(*PUBLIC_HEADERS),
                "content": {media_type: answer},
            },
            "304": not_modified(*PUBLIC_HEADERS),
            **error(404, 429, 500, 503),
        },
    }


def _profile() -> dict[str, Any]:
    answer = {"schema": schema("PublicProfile"), "examples": {"ada": {"value": PROFILE_EXAMPLE}}}
    return _public("publicProfile", "A public profile: dates, levels, active days", "application/json", answer)


def _picture() -> dict[str, Any]:
    answer = {"schema": {"type": "string"}}
    get = _public("publicPicture", "The heatmap as a picture to embed", "image/svg+xml", answer)
    return get | {"parameters": [THEME, IF_NONE_MATCH]}


def _page() -> dict[str, Any]:
    get = _public("profilePage", "The public profile as a page", "text/html", {"schema": {"type": "string"}})
    page = {
        "description": "No public page by this name.",
        "headers": headers("Cache-Control"),
        "content": {"text/html": {"schema": {"type": "string"}}},
    }
    get["responses"]["404"] = page
    return get


def _health() -> dict[str, Any]:
    return {
        "operationId": "health",
        "summary": "Whether the process answers",
        "security": NO_SECURITY,
        "responses": {"200": _json("It does.", status("ok")), **error(500)},
    }


def _ready() -> dict[str, Any]:
    return {
        "operationId": "healthReady",
        "summary": "Whether a verified version is loaded; a stale one counts",
        "security": NO_SECURITY,
        "responses": {"200": _json("One is.", status("ready")), **error(500, 503)},
    }


def _detailed() -> dict[str, Any]:
    return {
        "operationId": "healthDetailed",
        "summary": "The version in service, its age, versions that were refused",
        "security": [{"ops": []}],
        "responses": {"200": _json("How it stands.", schema("Health")), **error(401, 429, 500)},
    }


def _metrics() -> dict[str, Any]:
    return {
        "operationId": "metrics",
        "summary": "Metrics of all workers for Prometheus",
        "security": [{"ops": []}],
        "responses": {
            "200": {
                "description": "The metrics.",
                "headers": headers("Cache-Control"),
                "content": {"text/plain": {"schema": {"type": "string"}}},
            },
            **error(401, 429, 500),
        },
    }


def _openapi() -> dict[str, Any]:
    return {
        "operationId": "openapi",
        "summary": "This description",
        "security": NO_SECURITY,
        "responses": {"200": _json("OpenAPI 3.1.", {"type": "object", "required": ["openapi", "paths"]}), **error(500)},
    }


def _json(description: str, content: dict[str, Any]) -> dict[str, Any]:
    found = headers("Cache-Control")
    return {"description": description, "headers": found, "content": {"application/json": {"schema": content}}}
