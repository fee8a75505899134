"""How tests of what every answer has in common ask the app, and whom its configuration names."""

from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from serve import app
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import ANA, PATH, bearer

LISTED, UNLISTED = "https://www.example.com", "https://evil.example.com"
PUBLIC = "/api/xp/public-profile/nobody"
PROXY = "10.0.0.1"


def client_on(nights: Path, folder: Path, version: str | None, **serve: Any) -> FlaskClient:
    configuration = small_platform.copied(nights, folder, version)
    return app.create_app(small_platform.configure(configuration, **serve)).test_client()


def ask(client: FlaskClient, user_id: object = ANA, **headers: str) -> TestResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.get(PATH, headers=bearer(user_id) | named)


def varies(response: TestResponse) -> set[str]:
    return {name.strip() for name in response.headers["Vary"].split(",")}
