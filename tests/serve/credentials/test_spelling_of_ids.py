"""Ids that a token or a table of API keys spells otherwise than we do: the same learner, and nobody else (R26)."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from serve.app import create_app
from serve.credentials.bearer import Bearer, Secrets
from serve.http.errors import RefusedError
from tests.serve.credentials.api_key_table import ask, hash_of, key_of, with_keys
from tests.support.platforms.small_platform import ANA, ANSWERS, SECOND, SECRET, token
from warehouse.configuration.authentication import Auth
from warehouse.configuration.configuration import Configuration, load
from warehouse.errors import ConfigurationError

pytestmark = pytest.mark.usefixtures("patience")
PREFIXES = frozenset({"a:", "b:"})


def learner(auth: dict[str, object], **claims: Any) -> str:
    made = Auth.model_validate({"secret": SECRET, **auth})
    subject = claims.pop("sub", "7")
    return Bearer(made, Secrets(made), PREFIXES).learner(token(subject, **claims))


@pytest.mark.parametrize(
    ("auth", "claims", "expected"),
    [
        ({"as": "uuid"}, {"sub": UUID(ANA).hex.upper()}, ANA),
        ({"as": "uuid"}, {"sub": ANA.upper()}, ANA),
        ({"fold_case": True}, {"sub": "Ann É"}, "ann É"),
        ({"prefix": "b:"}, {"sub": 7}, "b:7"),
        ({"prefix": "b:", "as": "uuid"}, {"sub": UUID(ANA).hex}, f"b:{ANA}"),
        ({"prefix_claim": "platform"}, {"sub": 7, "platform": "a:"}, "a:7"),
        ({"prefix_claim": "platform", "fold_case": True}, {"sub": "ANN", "platform": "b:"}, "b:ann"),
    ],
)
def test_a_token_names_the_learner_as_the_lake_does(
    auth: dict[str, object], claims: dict[str, object], expected: str
) -> None:
    assert learner(auth, **claims) == expected


@pytest.mark.parametrize(
    ("auth", "claims"),
    [
        ({"as": "uuid"}, {"sub": "7"}),
        ({"as": "uuid"}, {"sub": f"urn:uuid:{ANA}"}),
        ({"prefix_claim": "platform"}, {"sub": "7"}),
        ({"prefix_claim": "platform"}, {"sub": "7", "platform": ""}),
        ({"prefix_claim": "platform"}, {"sub": ":7", "platform": "a"}),  # together it would be a learner's id
        ({"prefix_claim": "platform"}, {"sub": "7", "platform": ["a:"]}),
        ({"prefix_claim": "platform"}, {"sub": "7", "platform": "c:"}),
    ],
)
def test_a_token_that_spells_nobody_is_refused(auth: dict[str, object], claims: dict[str, object]) -> None:
    with pytest.raises(RefusedError):
        learner(auth, **claims)


@pytest.mark.parametrize(
    ("lines", "mistake"),
    [
        ('prefix = "a:"\nprefix_claim = "platform"', "auth.prefix_claim: it stands beside prefix"),
        ('prefix_claim = "platform"', "auth.prefix_claim: no users stream has a prefix"),
        ('as = "guid"', "auth.as: "),
        ('fold_case = "yes"', "auth.fold_case: "),
        (
            (
                '[auth.api_keys]\nsource = "s"\ntable = "k"\n'
                'columns = { key_hash = "h", user_id = { column = "u", unit = "s" } }'
            ),
            'auth.api_keys.columns: user_id takes no "unit"',
        ),
    ],
)
def test_a_spelling_that_means_nothing_is_a_mistake(tmp_path: Path, lines: str, mistake: str) -> None:
    file = tmp_path / "pulse.toml"
    file.write_text(
        '[pulse]\nfirst_day = 2026-01-01\n[sources.s]\nurl = "sqlite:///x"\n'
        '[streams.users]\nkind = "users"\nsource = "s"\ntable = "u"\ncolumns = { user_id = "id" }\n'
        f'[auth]\nsecret = "{SECRET}"\n{lines}\n',
        encoding="utf-8",
    )
    with pytest.raises(ConfigurationError) as error:
        load(file, uses=["auth"])
    assert mistake in str(error.value)


def with_uuid_keys(published: Configuration, url: str) -> Configuration:
    columns = {"key_hash": "sha256", "user_id": {"column": "owner", "as": "uuid"}}
    return with_keys(published, url, columns=columns)


BYTES = {"sqlite": "blob", "postgresql": "bytea", "mariadb": "binary(16)"}


@pytest.mark.parametrize(
    "database", ["sqlite", *(pytest.param(name, marks=pytest.mark.slow) for name in ("postgresql", "mariadb"))]
)
@pytest.mark.parametrize("is_text", [False, True])
def test_a_key_whose_owner_is_16_bytes_or_32_digits_acts_as_the_learner(
    published: Configuration,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    database: str,
    is_text: bool,  # noqa: FBT001
) -> None:
    url = f"sqlite:///{tmp_path}/keys.sqlite"
    if database != "sqlite":
        url = request.getfixturevalue("postgres_url" if database == "postgresql" else "mariadb_url")
    kind, owner = ("char(32)", UUID(ANA).hex.upper()) if is_text else (BYTES[database], UUID(ANA).bytes)
    engine = sa.create_engine(
        url.replace("postgresql://", "postgresql+psycopg://").replace("mysql://", "mysql+pymysql://")
    )
    with engine.begin() as connection:
        connection.exec_driver_sql("drop table if exists api_keys")
        connection.exec_driver_sql(f"create table api_keys (sha256 char(64), owner {kind})")
        row = {"hash": hash_of("ana"), "owner": owner}
        connection.execute(sa.text("insert into api_keys values (:hash, :owner)"), row)
    configuration = with_uuid_keys(published, url)
    response = ask(create_app(configuration).test_client(), key_of("ana"))
    assert response.status_code == 200
    assert response.get_json() == ANSWERS[ANA][SECOND]
    with engine.begin() as connection:
        connection.exec_driver_sql("drop table api_keys")
    engine.dispose()


def test_an_owner_who_is_no_uuid_is_refused(published: Configuration, tmp_path: Path) -> None:
    file = tmp_path / "keys.sqlite"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("create table api_keys (sha256 text, owner text)")
        connection.execute("insert into api_keys values (?, 'ana')", [hash_of("ana")])
        connection.commit()
    configuration = with_uuid_keys(published, f"sqlite:///{file}")
    assert ask(create_app(configuration).test_client(), key_of("ana")).status_code == 401
