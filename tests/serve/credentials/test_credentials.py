"""Whose token it is, or that it is none: every forgery gets one and the same answer.

See docs/reference/http.md; FAULTS 31 to 37, 39. Tokens signed with the keys of a set are `test_signed_tokens.py`'s.
How a key set is kept is `test_jwks.py`'s, what an API key must be `test_api_keys.py`'s.
"""

import base64
import hashlib
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from serve.app import create_app
from serve.credentials.bearer import Bearer, Secrets, refuse_unusable_secrets
from serve.credentials.credentials import Credentials
from serve.http.errors import AmbiguousError, ExpiredError, Reason, RefusedError
from tests.serve.credentials.forgeries import (
    AMBIGUITY,
    AUTH,
    FORGED_HEADERS,
    HEAD,
    OTHER_SECRET,
    PAYLOAD,
    PUBLIC_KEY,
    REASONS,
    REFUSAL,
    SIGNATURE,
    TWO_CREDENTIALS,
    ask,
    claiming,
    headed,
    learner_of,
    made,
)
from tests.serve.credentials.signers import CLAIMS as GOOD_CLAIMS
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import ANA, BEN, FAR_EXPIRY, PATH, SECRET, now, token
from warehouse.configuration.authentication import Auth
from warehouse.errors import ConfigurationError


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    """The app where nothing has been published: who is let through gets 503, who is not never gets so far."""
    configuration = small_platform.make(tmp_path_factory.mktemp("credentials"))
    with create_app(configuration).test_client() as client:
        yield client


@pytest.mark.parametrize("header", FORGED_HEADERS.values(), ids=FORGED_HEADERS)
def test_a_forgery_names_nobody(header: str | None) -> None:
    """FAULTS 31 to 35."""
    with pytest.raises(RefusedError) as refusal:
        learner_of(header, AUTH)
    assert not isinstance(refusal.value, ExpiredError)


@pytest.mark.parametrize("header", FORGED_HEADERS.values(), ids=FORGED_HEADERS)
def test_every_forgery_gets_one_identical_answer_and_leaves_no_trace_of_itself(
    client: FlaskClient, header: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    """FAULTS 31 to 34, 39."""
    caplog.set_level(logging.DEBUG)
    response = ask(client, header)
    assert (response.status_code, response.get_json()) == (401, REFUSAL)
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert response.headers["Cache-Control"] == "no-store"
    longest = max((header or "").replace(".", " ").split(), key=len, default="")
    assert len(longest) < 10 or longest not in caplog.text  # a short word may stand in any message


@pytest.mark.parametrize("headers", TWO_CREDENTIALS.values(), ids=TWO_CREDENTIALS)
def test_two_credentials_get_one_identical_answer_whatever_they_are(
    client: FlaskClient, headers: Mapping[str, str]
) -> None:
    """FAULTS 35: which of them is meant is not ours to guess."""
    response = client.get(PATH, headers=headers)
    assert (response.status_code, response.get_json()) == (400, AMBIGUITY)
    assert "WWW-Authenticate" not in response.headers
    assert response.headers["Cache-Control"] == "no-store"
    with pytest.raises(AmbiguousError):
        Credentials(Bearer(AUTH, Secrets(AUTH))).caller(headers)


def test_a_key_where_there_are_no_keys_is_refused(client: FlaskClient) -> None:
    response = client.get(PATH, headers={"X-API-Key": "xntr-0123456789"})
    assert (response.status_code, response.get_json()) == (401, REFUSAL)
    assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("reason", REASONS)
def test_log_and_metrics_are_told_why_in_one_word(reason: Reason) -> None:
    with pytest.raises(RefusedError) as refusal:
        learner_of(REASONS[reason], AUTH)
    assert refusal.value.reason is reason
    assert str(refusal.value).startswith(f"{reason}: ")


def test_text_that_has_no_bytes_is_refused() -> None:
    with pytest.raises(RefusedError):
        learner_of(f"Bearer {HEAD}.{PAYLOAD}.\ud800", AUTH)


def test_a_signature_with_any_of_its_bytes_changed_is_refused() -> None:
    """FAULTS 34."""
    signature = base64.urlsafe_b64decode(SIGNATURE + "=")
    assert len(signature) == hashlib.sha256().digest_size
    for place in range(len(signature)):
        changed = bytearray(signature)
        changed[place] ^= 1
        forged = f"{HEAD}.{PAYLOAD}.{base64.urlsafe_b64encode(changed).rstrip(b'=').decode()}"
        with pytest.raises(RefusedError):
            learner_of(f"Bearer {forged}", AUTH)


# --- what is good ---------------------------------------------------------------------------------------------------


GOOD_HEADERS = {
    "the scheme in lower case": f"bearer {token()}",
    "the scheme in capitals": f"BEARER {token()}",
    "the scheme in any case": f"bEaReR {token()}",
    "spaces around the token": f"Bearer   {token()} ",
    "a header with nothing but the algorithm": f"Bearer {made({'alg': 'HS256'})}",
    "a key id that nobody knows": f"Bearer {headed(kid='2024-11_main')}",
    "an audience and none is configured": f"Bearer {claiming(aud='somebody else')}",
    "audiences and none is configured": f"Bearer {claiming(aud=['a', 'b'])}",
    "an issuer and none is configured": f"Bearer {claiming(iss='somebody')}",
    "an id of its own that is a number": f"Bearer {claiming(jti=7)}",
    "exp with a fraction": f"Bearer {claiming(exp=FAR_EXPIRY + 0.5)}",
    "exp in the last second of 9999": f"Bearer {claiming(exp=253_402_300_799)}",
}


@pytest.mark.parametrize("header", GOOD_HEADERS.values(), ids=GOOD_HEADERS)
def test_a_token_is_good_with(header: str) -> None:
    """FAULTS 35."""
    assert learner_of(header, AUTH) == ANA


@pytest.mark.parametrize(("claim", "seconds"), [("exp", -5), ("nbf", 20), ("iat", 20)])
def test_a_token_is_good_within_the_leeway(claim: str, seconds: int) -> None:
    """Made here and not when the tests are collected, which may be minutes before."""
    assert learner_of(f"Bearer {claiming(**{claim: now() + seconds})}", AUTH) == ANA


SUBJECTS: dict[str, tuple[object, str]] = {
    "a UUID in capitals is put in lower case": (ANA.upper(), ANA),
    "a UUID without its last digit stays": (ANA.upper()[:-1], ANA.upper()[:-1]),
    "a name stays in its case": ("Ben", "Ben"),
    "an integer is decimal text": (7, "7"),
    "zero is text too": (0, "0"),
    "a negative integer is text too": (-1, "-1"),
    "an integer beyond 64 bits keeps every digit": (2**80, "1208925819614629174706176"),
    "digits keep their zeros": ("007", "007"),
    "spaces stay": (" 7 ", " 7 "),
    "a space alone is an id": (" ", " "),
    "a NUL stays": ("7\0", "7\0"),
    "a lone surrogate stays": ("\ud800", "\ud800"),
    "a bidirectional mark stays": ("7\u202e", "7\u202e"),
    "a composed accent stays composed": ("zo\u00e9", "zo\u00e9"),
    "a decomposed accent stays decomposed": ("zoe\u0301", "zoe\u0301"),
    "a kilobyte stays": ("x" * 1024, "x" * 1024),
}


@pytest.mark.parametrize(("subject", "learner"), SUBJECTS.values(), ids=SUBJECTS)
def test_an_id_is_taken_as_the_lake_spells_it(subject: object, learner: str) -> None:
    """R26; FAULTS 37."""
    assert learner_of(f"Bearer {token(subject)}", AUTH) == learner


def test_the_claim_that_names_the_learner_can_be_another_one() -> None:
    auth = Auth(secret=[SECRET], user_claim="uid")
    assert learner_of(f"Bearer {claiming(uid=BEN)}", auth) == BEN
    with pytest.raises(RefusedError):
        learner_of(f"Bearer {token()}", auth)


def test_while_secrets_rotate_each_of_them_is_good_and_a_third_is_not() -> None:
    auth = Auth(secret=[OTHER_SECRET, SECRET])
    assert learner_of(f"Bearer {token(ANA)}", auth) == ANA
    assert learner_of(f"Bearer {token(BEN, key=OTHER_SECRET)}", auth) == BEN
    with pytest.raises(RefusedError):
        learner_of(f"Bearer {token(key='a secret that has been rotated out long ago')}", auth)


# --- what the configuration asks for besides ------------------------------------------------------------------------


STRICT = Auth(
    secret=[SECRET],
    audience="pulse",
    issuer="platform",
    required_claims={"token_type": "access", "level": 1, "is_staff": True},
)
STRICT_CLAIMS = {"aud": "pulse", "iss": "platform", "token_type": "access", "level": 1, "is_staff": True}
NOT_STRICT: dict[str, dict[str, object]] = {
    "another audience": {"aud": "checkout"},
    "the audience in another case": {"aud": "Pulse"},
    "no audience": {"aud": ...},
    "an audience that is null": {"aud": None},
    "audiences without ours": {"aud": ["checkout", "pulse2"]},
    "an audience that is an object": {"aud": {"pulse": True}},
    "another issuer": {"iss": "platform.example"},
    "no issuer": {"iss": ...},
    "issuers": {"iss": ["platform"]},
    "a refresh token": {"token_type": "refresh"},
    "no type": {"token_type": ...},
    "a type that is null": {"token_type": None},
    "a number as text": {"level": "1"},
    "true for 1": {"level": True},
    "1 for true": {"is_staff": 1},
}


def strict_token(**claims: object) -> str:
    given = {**GOOD_CLAIMS, **STRICT_CLAIMS, **claims}
    return made(claims={name: value for name, value in given.items() if value is not ...})


@pytest.mark.parametrize("aud", ["pulse", ["checkout", "pulse"]])
def test_a_token_is_good_with_everything_that_is_required(aud: object) -> None:
    assert learner_of(f"Bearer {strict_token(aud=aud)}", STRICT) == ANA


@pytest.mark.parametrize("claims", NOT_STRICT.values(), ids=NOT_STRICT)
def test_where_claims_are_required_a_token_is_refused_with(claims: dict[str, object]) -> None:
    """FAULTS 33."""
    with pytest.raises(RefusedError):
        learner_of(f"Bearer {strict_token(**claims)}", STRICT)


# --- an expired token -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("secrets", [[SECRET], [SECRET, OTHER_SECRET], [OTHER_SECRET, SECRET]])
@pytest.mark.parametrize("exp", [1, -1, 0, 0.5, True])
def test_who_holds_an_expired_token_is_known_to_hold_one(secrets: list[str], exp: float) -> None:
    with pytest.raises(ExpiredError):
        learner_of(f"Bearer {claiming(exp=exp)}", Auth(secret=secrets))


def test_a_token_has_expired_when_the_leeway_is_over() -> None:
    with pytest.raises(ExpiredError):
        learner_of(f"Bearer {claiming(exp=now() - 31)}", AUTH)


def test_only_a_good_signature_is_told_that_it_has_expired_and_only_in_the_header(client: FlaskClient) -> None:
    expired, forged = ask(client, f"Bearer {token(exp=1)}"), ask(client, f"Bearer {token(exp=1, key=OTHER_SECRET)}")
    assert expired.status_code == forged.status_code == 401
    assert expired.data == forged.data
    assert "expired" in expired.headers["WWW-Authenticate"]
    assert forged.headers["WWW-Authenticate"] == "Bearer"


# --- secrets that cannot be used ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "secret",
    [PUBLIC_KEY, '{"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0"}', "${SHORT}"],
    ids=["a public key", "a JWK", "what an environment variable held was too short"],
)
def test_a_secret_that_no_token_can_be_checked_with_is_refused_at_once(tmp_path: Path, secret: str) -> None:
    configuration = small_platform.make(tmp_path)
    auth = Auth(secret=[SECRET, secret])
    with pytest.raises(ConfigurationError, match=r"auth\.secret: secret 2 cannot be used for HS256") as error:
        create_app(configuration.model_copy(update={"auth": auth}))
    assert secret not in str(error.value)
    refuse_unusable_secrets(AUTH)
