"""The parts of the API's description: schemas, headers, errors, credentials and examples (`openapi.py`)."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

DAYS = 365
COUNT = {"type": "integer", "minimum": 0}
DATE = {"type": "string", "format": "date"}
LEVEL = {"type": "integer", "minimum": 0, "maximum": 4, "description": "0: no activity; 4: most, for this learner."}
TEXT_OR_NULL = {"type": ["string", "null"]}
SECONDS = COUNT | {"description": "Seconds."}


def _strict(properties: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an object that has these keys and no other."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _days(entry: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "minItems": DAYS, "maxItems": DAYS, "items": entry, "description": "Oldest first."}


def status(word: str) -> dict[str, Any]:
    """Return the schema of a body that says one word."""
    return _strict({"status": {"const": word}})


def schema(name: str) -> dict[str, str]:
    """Return a reference to a schema."""
    return {"$ref": f"#/components/schemas/{name}"}


SCHEMAS: Mapping[str, Any] = {
    "Day": _strict(
        {
            "date": DATE,
            "xp_earned": COUNT,
            "learning_time": SECONDS,
            "sessions": COUNT,
            "quizzes": COUNT,
            "quizzes_passed": COUNT,
            "level": LEVEL,
        }
    ),
    "LearningPulse": _strict(
        {
            "data": _days(schema("Day")),
            "total_learning_time": SECONDS,
            "total_sessions": COUNT,
            "total_quizzes": COUNT,
            "total_quizzes_passed": COUNT,
            "year": COUNT | {"description": "The year of the last date."},
        }
    ),
    "PublicDay": _strict({"date": DATE, "level": LEVEL}),
    "PublicProfile": _strict(
        {
            "username": {"type": "string"},
            "window_start": DATE,
            "window_end": DATE,
            "data": _days(schema("PublicDay")),
            "active_days": COUNT,
            "active_days_in_a_row": _strict({"current": COUNT, "longest": COUNT}),
        }
    ),
    "Health": _strict(
        {
            "status": {"enum": ["ok", "warning"]},
            "warnings": {"type": "array", "items": {"type": "string"}},
            "version": TEXT_OR_NULL,
            "data_through": TEXT_OR_NULL,
            "built_at": TEXT_OR_NULL,
            "age_hours": {"type": ["number", "null"]},
            "stale": {"type": ["boolean", "null"]},
            "pin": {"type": ["object", "null"]},
            "version_warnings": {"type": "array", "items": {"type": "string"}},
            "refused": {"type": "array", "items": {"type": "object"}},
            "last_switch": {"type": ["object", "string", "null"]},
            "lookups": {"type": "object"},
            "workers": {"type": "array", "items": {"type": "object"}},
        }
    ),
    "Error": _strict({"detail": {"type": "string"}}),
    "ScopeError": _strict(
        {
            "detail": _strict(
                {
                    "error": {"const": "INSUFFICIENT_API_KEY_SCOPE"},
                    "message": {"type": "string"},
                    "required_scope": {"type": "string"},
                    "granted_scopes": {"type": "array", "items": {"type": "string"}},
                }
            )
        }
    ),
}


def _header(description: str, required: bool = True, **kind: Any) -> dict[str, Any]:  # noqa: ANN401, FBT001, FBT002
    return {"description": description, "required": required, "schema": {"type": "string"} | kind}


HEADERS: Mapping[str, Any] = {
    "Allow": _header("The methods that there are."),
    "Cache-Control": _header("Who may keep the answer, and for how long."),
    "ETag": _header("Changes with whatever the answer says and whose it is; weak.", pattern='^W/"[0-9a-f]{32}"$'),
    "Retry-After": _header("Seconds after which asking again makes sense.", pattern="^[0-9]+$"),
    "Vary": _header("The request headers that the answer depends on."),
    "WWW-Authenticate": _header("`Bearer`; of a well-signed token also that it has expired."),
    "X-Data-Through": _header("The UTC instant up to which the version is complete.", format="date-time"),
    "X-Data-Version": _header("The version that answered."),
    "X-Pulse-Complete-Through": _header(
        "The last date that is over for the learner; the entries after it are not complete yet.", format="date"
    ),
    "X-Pulse-Cuts": _header(
        "The scores at the quartiles that the levels divide by, such as `10,25,55`; may be empty.",
        pattern="^([0-9]+(,[0-9]+){2})?$",
    ),
    "X-Pulse-Learner": _header(
        "`unknown`: the version does not know the learner yet.", required=False, const="unknown"
    ),
    "X-Pulse-Metric": _header("What the levels score.", enum=["xp_earned", "learning_time"]),
    "X-Pulse-Population": _header("Whose active days the cuts divide.", enum=["own", "platform"]),
    "X-Pulse-Timezone": _header("The IANA zone that cut the dates."),
    "X-Request-Id": _header("The request's number in the log.", pattern="^[A-Za-z0-9-]{1,64}$"),
}


def headers(*names: str) -> dict[str, Any]:
    """Return references to headers; every answer has a request id besides."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in (*names, "X-Request-Id")}


def _error(description: str, example: str, *names: str) -> dict[str, Any]:
    content = {"schema": schema("Error"), "examples": {"error": {"value": {"detail": example}}}}
    found = headers("Cache-Control", *names)
    return {"description": description, "headers": found, "content": {"application/json": content}}


SCOPE_EXAMPLE = {
    "detail": {
        "error": "INSUFFICIENT_API_KEY_SCOPE",
        "message": "The API key lacks the scope xp:read",
        "required_scope": "xp:read",
        "granted_scopes": ["profile:read"],
    }
}
ERRORS: dict[str, Any] = {
    "400": _error("Two credentials, or one twice.", "One credential is needed: Authorization or X-API-Key, once"),
    "401": _error("No credential, or none that is good.", "Invalid or missing credentials", "WWW-Authenticate"),
    "403": {
        "description": "A good API key without the scope that is asked for.",
        "headers": headers("Cache-Control"),
        "content": {
            "application/json": {"schema": schema("ScopeError"), "examples": {"scope": {"value": SCOPE_EXAMPLE}}}
        },
    },
    "404": _error("There is nothing here.", "No public profile by this name"),
    "429": _error("Too many requests.", "Too many requests, try again in 42 s", "Retry-After"),
    "500": _error("Our fault.", "Internal server error, request 10c701839c7cb4ae"),
    "503": _error("Nothing can be answered right now.", "No data has been published yet", "Retry-After"),
}


def error(*statuses: int) -> dict[str, Any]:
    """Return references to errors by status."""
    return {str(status): {"$ref": f"#/components/responses/{status}"} for status in statuses}


def not_modified(*names: str) -> dict[str, Any]:
    """Return the answer to who holds it already, with the headers that say so."""
    return {"description": "What the client holds is still right.", "headers": headers(*names)}


def no_content(answer: dict[str, Any]) -> dict[str, Any]:
    """Return an answer without its body, as HEAD gets it."""
    resolved = ERRORS[answer["$ref"].rpartition("/")[2]] if "$ref" in answer else answer
    return {key: value for key, value in resolved.items() if key != "content"}


BEARER = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "A token of the platform."}
API_KEY = {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "Acts as the learner who owns it."}
OPS = {"type": "http", "scheme": "bearer", "description": "`serve.ops_token` of the configuration."}

NOTHING = {"xp_earned": 0, "learning_time": 0, "sessions": 0, "quizzes": 0, "quizzes_passed": 0, "level": 0}
ACTIVE = {"xp_earned": 100, "learning_time": 3622, "sessions": 4, "quizzes": 3, "quizzes_passed": 2, "level": 2}


def _dates(first: date) -> list[str]:
    return [(first + timedelta(days=number)).isoformat() for number in range(DAYS)]


# The platform's contract, field for field.
CONTRACT_EXAMPLE = {
    "data": [{"date": day, **NOTHING} for day in _dates(date(2019, 8, 24))],
    "total_learning_time": 0,
    "total_sessions": 0,
    "total_quizzes": 0,
    "total_quizzes_passed": 0,
    "year": 0,
}
LEARNER_EXAMPLE = {
    "data": [{"date": day, **(ACTIVE if day == "2025-11-24" else NOTHING)} for day in _dates(date(2025, 11, 24))],
    "total_learning_time": 3622,
    "total_sessions": 4,
    "total_quizzes": 3,
    "total_quizzes_passed": 2,
    "year": 2026,
}
PROFILE_EXAMPLE = {
    "username": "ada",
    "window_start": "2025-11-24",
    "window_end": "2026-11-23",
    "data": [{"date": day, "level": 2 if day == "2025-11-24" else 0} for day in _dates(date(2025, 11, 24))],
    "active_days": 1,
    "active_days_in_a_row": {"current": 0, "longest": 1},
}
