"""What stands for a name in a path may be escaped as any client does, and nothing around it (FAULTS 80)."""

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from serve.app import create_app
from tests.support.platforms import public_platform


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    folder = tmp_path_factory.mktemp("public") / "platform"
    configuration = public_platform.make(folder, 30)
    public_platform.publish(configuration)
    with create_app(configuration).test_client() as client:
        yield client


@pytest.mark.parametrize("name", ["ada", "%61da", "a%64a", "%61%64%61", "%61%64a"])
def test_a_name_may_be_escaped_and_means_the_same(client: FlaskClient, name: str) -> None:
    answer, plain = (client.get(f"/api/xp/public-profile/{given}") for given in (name, "ada"))
    assert (answer.status_code, answer.data) == (200, plain.data)


@pytest.mark.parametrize(
    "path",
    [
        "/profil%65/ada",
        "/api/xp/public%2Dprofile/ada",
        "/api/xp/public-profile/ada%2Fpulse.svg",
        "/api/xp/public-profile/ada/pulse%2Esvg",
        "/api/xp/public-profile/ada/./pulse.svg",
        "/api/xp//public-profile/ada",
        "/profile//ada",
        "/profile/x%2F..%2Fada",
    ],
)
def test_what_is_not_the_name_may_not(client: FlaskClient, path: str) -> None:
    """FAULTS 80: `ada%2Fpulse.svg` was her picture."""
    assert client.get(path).status_code == 404
