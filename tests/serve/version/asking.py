"""How tests of the endpoint ask the app, and what an error has to look like."""

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from serve import app
from tests.support.platforms.small_platform import ANA, ANSWERS, PATH, bearer
from warehouse.configuration.configuration import Configuration


def client_of(configuration: Configuration) -> FlaskClient:
    return app.create_app(configuration).test_client()


def ask(client: FlaskClient, user_id: object = ANA) -> TestResponse:
    return client.get(PATH, headers=bearer(user_id))


def answered(response: TestResponse) -> str:
    """Return the version that answered, once its answer to Ana is wholly its own."""
    assert response.status_code == 200, response.text
    version = response.headers["X-Data-Version"]
    assert response.get_json() == ANSWERS[ANA][version]
    return version


def assert_is_error(response: TestResponse, status: int) -> str:
    """See that an error is JSON with nothing but a detail, and return that."""
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    body = response.get_json()
    assert list(body) == ["detail"]
    detail = body["detail"]
    assert isinstance(detail, str)
    return detail
