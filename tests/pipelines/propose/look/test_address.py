"""A URL as it is typed, connected by and written: no secret of it is written, and `${NAME}` stays."""

import pytest

from pipelines.propose.look.address import address_of
from warehouse.errors import ConfigurationError

SECRET = "s3cr3t"


@pytest.mark.parametrize(
    ("typed", "written", "variables"),
    [
        ("sqlite:///platform.sqlite", "sqlite:///platform.sqlite", []),
        ("postgresql://reader@db/app", "postgresql://reader@db/app", []),
        ("postgresql://reader:@/app?host=/tmp/x", "postgresql://reader:@/app?host=/tmp/x", []),
        (
            f"postgresql://reader:{SECRET}@db:5433/app?sslmode=require",
            "postgresql://reader:${PLATFORM_PASSWORD}@db:5433/app?sslmode=require",
            ["PLATFORM_PASSWORD"],
        ),
        (f"mysql://a:{SECRET}%40%2F@db/app", "mysql://a:${PLATFORM_PASSWORD}@db/app", ["PLATFORM_PASSWORD"]),
        (f"mariadb://:{SECRET}@db/app", "mariadb://:${PLATFORM_PASSWORD}@db/app", ["PLATFORM_PASSWORD"]),
        (
            f"postgresql://db/app?user=a&password={SECRET}&sslpassword={SECRET}2",
            "postgresql://db/app?user=a&password=${PLATFORM_PASSWORD}&sslpassword=${PLATFORM_SSLPASSWORD}",
            ["PLATFORM_PASSWORD", "PLATFORM_SSLPASSWORD"],
        ),
        ("postgresql://a:${PW}@db/app", "postgresql://a:${PW}@db/app", ["PW"]),
        (f"postgresql://a:{SECRET}${{PW}}@db/app", "postgresql://a:${PLATFORM_PASSWORD}@db/app", ["PLATFORM_PASSWORD"]),
        ("${WHOLE}", "${WHOLE}", ["WHOLE"]),
    ],
)
def test_nothing_secret_is_written(
    typed: str, written: str, variables: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PW", "of-the-environment")
    monkeypatch.setenv("WHOLE", f"postgresql://a:{SECRET}@db/app")
    address = address_of(typed)
    assert address.written == written
    assert list(address.variables) == variables
    assert SECRET not in repr(address)
    assert "${" not in address.url


def test_what_is_typed_is_connected_by(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PW", "of-the-environment")
    assert address_of("postgresql://a:${PW}@db/app").url == "postgresql://a:of-the-environment@db/app"


@pytest.mark.parametrize(
    ("typed", "mistake"),
    [
        ("platform.sqlite", "no URL of a database"),
        ("${NOT_SET_HERE}", "environment variable NOT_SET_HERE is not set"),
        (f"postgresql://a:{SECRET}@b@db/app", "percent-encode the password"),
        (f"postgresql://a:x?{SECRET}@db/app", "percent-encode both"),
        ("postgres://db/app", "write postgresql://"),
        ("postgresql://db:99999/app", "its port"),
    ],
)
def test_what_is_no_url_says_so_and_repeats_no_secret(typed: str, mistake: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        address_of(typed)
    assert mistake in str(error.value)
    assert SECRET not in str(error.value)
