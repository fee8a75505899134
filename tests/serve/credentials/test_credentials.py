"""Whose token it is, or that it is none: every forgery gets one and the same answer.

See docs/reference/http.md; FAULTS 31 to 37, 39.

How a key set is kept is `test_jwks.py`'s, what an API key must be `test_api_keys.py`'s.
"""

import base64
import hashlib
import hmac
import json
import logging
import os
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from serve.app import create_app
from serve.credentials.bearer import Bearer, Secrets, refuse_unusable_secrets
from serve.credentials.credentials import Credentials
from serve.credentials.jwks import FileKeySet
from serve.http.errors import AmbiguousError, ExpiredError, Reason, RefusedError
from tests.serve.credentials.signers import CLAIMS as GOOD_CLAIMS
from tests.serve.credentials.signers import Signer, hs256, joined, key_set, part
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import ANA, BEN, FAR_EXPIRY, PATH, SECRET, now, token
from warehouse.configuration.authentication import Auth
from warehouse.configuration.configuration import Configuration
from warehouse.errors import ConfigurationError

AUTH = Auth(secret=[SECRET])
OTHER_SECRET = "another secret, that nobody has configured here"
PUBLIC_KEY = """-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEVs/o5+uQbTjL3chynL4wXgUg2R9
q9UU8I5mEovUf86QZ7kOBIjJwqnzD1omageEHWwHdBO6B+dFabmdT9POxg==
-----END PUBLIC KEY-----
"""
HS256 = {"alg": "HS256", "typ": "JWT"}
REFUSAL = {"detail": "Invalid or missing credentials"}
AMBIGUITY = {"detail": "One credential is needed: Authorization or X-API-Key, once"}
LATE = 10**6  # seconds that no leeway covers


def made(header: object = HS256, claims: object = GOOD_CLAIMS, key: str = SECRET, digest: str = "sha256") -> str:
    """Make a token of any parts, signed with a key."""
    return joined(header, claims, lambda content: hmac.digest(key.encode(), content, digest))


def learner_of(header: str | None, auth: Auth) -> str:
    """Return whose header it is where tokens are signed with secrets."""
    credentials = Credentials(Bearer(auth, Secrets(auth)))
    return credentials.caller({} if header is None else {"Authorization": header}).learner


def unsigned(alg: str) -> str:
    return f"{part({'alg': alg})}.{part(GOOD_CLAIMS)}."


def headed(**header: object) -> str:
    """Make a token of ours with more in its header."""
    return made({**HS256, **header})


def claiming(**claims: object) -> str:
    """Make a token of ours with other claims."""
    return made(claims={**GOOD_CLAIMS, **claims})


def without(name: str) -> str:
    return made(claims={key: value for key, value in GOOD_CLAIMS.items() if key != name})


def exp_written(text: str) -> str:
    """Make a token whose `exp` is spelled as no JSON library would write it."""
    return made(claims=f'{{"sub": "{ANA}", "exp": {text}}}')


def respelled(signature: str) -> str:
    """Spell the same bytes otherwise: the last character of 43 has two bits that no byte needs."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    other = signature[:-1] + letters[letters.index(signature[-1]) + 1]
    assert base64.urlsafe_b64decode(other + "=") == base64.urlsafe_b64decode(signature + "=")
    return other


HEAD, PAYLOAD, SIGNATURE = token().split(".")
ATTACKERS_JWK = {"kty": "oct", "k": part(OTHER_SECRET)}

FORGED_TOKENS = {
    # who signed it
    "nobody has signed it (none)": unsigned("none"),
    "nobody has signed it (None)": unsigned("None"),
    "nobody has signed it (NONE)": unsigned("NONE"),
    "nobody has signed it (nOnE)": unsigned("nOnE"),
    "none is its algorithm and our signature is on it": made({"alg": "none"}),
    "HS256 is its algorithm and the signature is missing": f"{HEAD}.{PAYLOAD}.",
    "the signature and its dot are missing": f"{HEAD}.{PAYLOAD}",
    "another secret has signed it": token(key=OTHER_SECRET),
    "the secret and a newline have signed it": token(key=SECRET + "\n"),
    "a public key as text has signed it": made(key=PUBLIC_KEY),
    "an empty key has signed it": made(key=""),
    "the algorithm is missing": made({"typ": "JWT"}),
    "the algorithm is null": made({"alg": None}),
    "the algorithm is a list": made({"alg": ["HS256"]}),
    "the algorithm is an object": made({"alg": {"HS256": 1}}),
    "the algorithm is a number": made({"alg": 256}),
    "the algorithm is in lower case": made({"alg": "hs256"}),
    "the algorithm is HS384, with our secret": made({"alg": "HS384"}, digest="sha384"),
    "the algorithm is HS512, with our secret": made({"alg": "HS512"}, digest="sha512"),
    "the algorithm is RS256": made({"alg": "RS256"}),
    "the algorithm is ES256": made({"alg": "ES256"}),
    "the algorithm is EdDSA": made({"alg": "EdDSA"}),
    "the algorithm is unknown": made({"alg": "HS257"}),
    # which key it asks for
    "it brings the key that signed it": made({**HS256, "jwk": ATTACKERS_JWK}, key=OTHER_SECRET),
    "it brings a key and ours has signed it": headed(jwk=ATTACKERS_JWK),
    "it says where to fetch keys": headed(jku="http://127.0.0.1:9/jwks.json"),
    "it says where to fetch a certificate": headed(x5u="file:///etc/ssl/certs/ca-certificates.crt"),
    "it brings a certificate": headed(x5c=["MIIB"]),
    "its kid is an empty file and an empty key has signed it": made({**HS256, "kid": "/dev/null"}, key=""),
    "its kid is a path and ours has signed it": headed(kid="../../../etc/passwd"),
    "its kid is SQL": headed(kid="x' union select 'k' --"),
    "its kid is empty": headed(kid=""),
    "its kid is a number": headed(kid=7),
    "its kid is null": headed(kid=None),
    "an extension is critical that we do not know": headed(crit=["exp2"], exp2=1),
    "no extension is critical": headed(crit=[]),
    "its payload is said to be elsewhere": headed(crit=["b64"], b64=False),
    # what was done to it
    "another learner is named under our signature": f"{HEAD}.{part({**GOOD_CLAIMS, 'sub': BEN})}.{SIGNATURE}",
    "the header was exchanged": f"{part({'alg': 'HS256'})}.{PAYLOAD}.{SIGNATURE}",
    "a part is appended": f"{HEAD}.{PAYLOAD}.{SIGNATURE}.{SIGNATURE}",
    "it has the five parts of an encrypted token": f"{HEAD}.{PAYLOAD}.{SIGNATURE}.{PAYLOAD}.{SIGNATURE}",
    "it is dots": "..",
    "it is one word": "admin",
    "it is a megabyte": "a" * 1_000_000,
    "it is a megabyte of dots": "." * 1_000_000,
    "it has a space inside": f"{HEAD}. {PAYLOAD}.{SIGNATURE}",
    "it is not ASCII": f"{HEAD}.{PAYLOAD}.é",
    "its signature ends in other bits that no byte needs": HEAD + "." + PAYLOAD + "." + respelled(SIGNATURE),
    "its signature is padded": f"{HEAD}.{PAYLOAD}.{SIGNATURE}=",
    "its signature has a line break": f"{HEAD}.{PAYLOAD}.{SIGNATURE[:9]}\v{SIGNATURE[9:]}",
    "its signature is in the other base64": f"{HEAD}.{PAYLOAD}.{SIGNATURE[:-1]}+",
    "it is longer than any that we sign": claiming(groups="x" * 20_000),
    "it is in quotes": f'"{token()}"',
    "its header is no JSON": made("{"),
    "its header is a list": made([HS256]),
    "its header is nested without end": made("[" * 100_000),
    "its claims are no JSON": made(claims="{"),
    "its claims are a list": made(claims=[GOOD_CLAIMS]),
    "its claims are text": made(claims='"sub"'),
    "its claims are nested without end": made(claims="[" * 100_000),
    # until when
    "it never expires": without("exp"),
    "exp is null": claiming(exp=None),
    "exp is text": claiming(exp="tomorrow"),
    "exp is a number as text": claiming(exp=str(FAR_EXPIRY)),
    "exp is a list": claiming(exp=[FAR_EXPIRY]),
    "exp is no number": exp_written("NaN"),
    "exp is infinite": exp_written("Infinity"),
    "exp is infinite by its size": exp_written("1e400"),
    "exp is minus infinity": exp_written("-Infinity"),
    "exp is 10^18": claiming(exp=10**18),
    "exp has 5,000 digits": exp_written("9" * 5000),
    "exp is in the year 10000": claiming(exp=253_402_300_800),
    "it is not yet valid": claiming(nbf=now() + LATE),
    "nbf is text": claiming(nbf="now"),
    "nbf is null": claiming(nbf=None),
    "nbf is infinite": made(claims=f'{{"sub": "{ANA}", "exp": {FAR_EXPIRY}, "nbf": Infinity}}'),
    "it was issued in the future": claiming(iat=now() + LATE),
    "iat is a list": claiming(iat=[1]),
    # for whom
    "it names nobody": without("sub"),
    "sub is null": claiming(sub=None),
    "sub is empty": claiming(sub=""),
    "sub is true": claiming(sub=True),
    "sub is false": claiming(sub=False),
    "sub is a fraction": claiming(sub=7.0),
    "sub is a list": claiming(sub=[ANA]),
    "sub is an object": claiming(sub={"id": ANA}),
    "sub has 5,000 digits": made(claims=f'{{"sub": {"9" * 5000}, "exp": {FAR_EXPIRY}}}'),
}
FORGED_HEADERS = {f"a token: {name}": f"Bearer {forged}" for name, forged in FORGED_TOKENS.items()} | {
    "no header": None,
    "an empty header": "",
    "a scheme without a token": "Bearer",
    "a scheme and spaces": "Bearer   ",
    "a token without a scheme": token(),
    "a scheme glued to its token": f"Bearer{token()}",
    "a tab before the token": f"Bearer\t{token()}",
    "a colon after the scheme": f"Bearer: {token()}",
    "the scheme twice": f"Bearer Bearer {token()}",
    "Basic with a token": f"Basic {token()}",
    "Basic with a name and a password": "Basic YW5hOmFuYQ==",
    "an unknown scheme": f"JWT {token()}",
}


TWO_CREDENTIALS: dict[str, Mapping[str, str]] = {
    "a token and a key": {"Authorization": f"Bearer {token()}", "X-API-Key": "xntr-0123456789"},
    "a token and an empty key": {"Authorization": f"Bearer {token()}", "X-API-Key": ""},
    "an empty header and a key": {"Authorization": "", "X-API-Key": "xntr-0123456789"},
    "a forged token and a key": {"Authorization": f"Bearer {unsigned('none')}", "X-API-Key": "xntr-0123456789"},
    "a password and a key": {"Authorization": "Basic YW5hOmFuYQ==", "X-API-Key": "xntr-0123456789"},
    "two tokens": {"Authorization": f"Bearer {token(ANA)}, Bearer {token(BEN)}"},
    "two tokens without a space": {"Authorization": f"Bearer {token(ANA)},Bearer {token(BEN)}"},
    "the same token twice": {"Authorization": f"Bearer {token()},Bearer {token()}"},
    "a token and nothing": {"Authorization": f"Bearer {token()}, "},
    "nothing and a token": {"Authorization": f",Bearer {token()}"},
    "a comma in a token": {"Authorization": f"Bearer {token()[:20]},{token()[20:]}"},
    "a comma alone": {"Authorization": ","},
    "two keys": {"X-API-Key": "xntr-0123456789,xntr-0123456789"},
    "a key and nothing": {"X-API-Key": "xntr-0123456789,"},
}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    """The app where nothing has been published: who is let through gets 503, who is not never gets so far."""
    configuration = small_platform.make(tmp_path_factory.mktemp("credentials"))
    with create_app(configuration).test_client() as client:
        yield client


def ask(client: FlaskClient, header: str | None) -> Any:
    return client.get(PATH, headers={} if header is None else {"Authorization": header})


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


REASONS = {
    Reason.MISSING: None,
    Reason.MALFORMED: "Bearer x",
    Reason.HEADER: f"Bearer {made({'alg': 'none'})}",
    Reason.SIGNATURE: f"Bearer {token(key=OTHER_SECRET)}",
    Reason.EXPIRED: f"Bearer {claiming(exp=1)}",
    Reason.NOT_YET_VALID: f"Bearer {claiming(nbf=FAR_EXPIRY)}",
    Reason.CLAIMS: f"Bearer {without('sub')}",
}


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


# --- tokens signed with keys of a set -------------------------------------------------------------------------------

ALGORITHMS = ("RS256", "ES256", "EdDSA")
STRANGER = "stranger"  # a key that is in no set of ours


def asymmetric(folder: Path, algorithm: str, **others: Any) -> Configuration:
    """A configuration that takes tokens of one algorithm, signed with the keys `main` and `next`."""
    configuration = small_platform.make(folder)
    published = key_set(Signer(algorithm, "main"), Signer(algorithm, "next"))
    (folder / "jwks.json").write_bytes(published)
    auth = Auth.model_validate({"algorithms": [algorithm], "jwks": "jwks.json", **others})
    return configuration.model_copy(update={"auth": auth})


def asymmetric_forgeries(algorithm: str) -> dict[str, str]:
    """Tokens that nobody who holds `main` or `next` has signed, or that are not good for us."""
    main, following, stranger = Signer(algorithm), Signer(algorithm, "next"), Signer(algorithm, STRANGER)
    good = main.token()
    head, payload, signature = good.split(".")
    other = next(Signer(name) for name in ALGORITHMS if name != algorithm)
    raw = bytearray(base64.urlsafe_b64decode(signature + "=="))
    stripped = f"{head}.{payload}"
    as_main = {"kid": "main"}

    def confused(key: bytes, alg: str = "HS256") -> str:
        return joined({"alg": alg, "typ": "JWT", "kid": "main"}, GOOD_CLAIMS, hs256(key))

    return {
        # the algorithm
        "none": f"{part({'alg': 'none', 'kid': 'main'})}.{payload}.",
        "nOnE": f"{part({'alg': 'nOnE', 'kid': 'main'})}.{payload}.",
        "none over our signature": f"{part({'alg': 'none', 'kid': 'main'})}.{payload}.{signature}",
        "HS256 with the public key": confused(main.pem()),
        "HS256 with the public key without its last newline": confused(main.pem().strip()),
        "HS256 with the public key without armour": confused(main.der()),
        "HS256 with the key's own JSON": confused(json.dumps(main.jwk()).encode()),
        "HS256 with an empty key": confused(b""),
        "HS256 with our own secret": confused(SECRET.encode()),
        "HS512": confused(main.pem(), "HS512"),
        "our algorithm over HS256": confused(main.pem(), algorithm),
        "our algorithm in lower case": main.token(header={"alg": algorithm.lower()}),
        "no algorithm": main.token(header={"alg": ...}),
        "a list of algorithms": main.token(header={"alg": [algorithm]}),
        "an unknown algorithm": main.token(header={"alg": "XX256"}),
        "another algorithm that we know": main.token(header={"alg": other.algorithm}),
        "another algorithm and a key of it": other.token(),
        "a key of another algorithm under ours": other.token(header={"alg": algorithm}),
        # the key
        "a key that it brings": stranger.token(header={"jwk": stranger.jwk()}),
        "a key that it brings under our name": stranger.token(header={"jwk": stranger.jwk(), **as_main}),
        "our own key, brought": main.token(header={"jwk": main.jwk()}),
        "keys elsewhere": stranger.token(header={"jku": "https://127.0.0.1:9/jwks.json"}),
        "a certificate elsewhere": main.token(header={"x5u": "https://127.0.0.1:9/certificate.pem"}),
        "a certificate that it brings": stranger.token(header={"x5c": ["MIIB"], **as_main}),
        "an unknown key": stranger.token(),
        "a stranger's key under the name of ours": stranger.token(header=as_main),
        "one of ours under the name of the other": following.token(header=as_main),
        "no name of a key where there are two": main.token(header={"kid": ...}),
        "a name that is a path": main.token(header={"kid": "../../../../etc/passwd"}),
        "a name that is a file with nothing in it": confused(b"").replace(
            head, part({"alg": "HS256", "kid": "/dev/null"})
        ),
        "a name that is SQL": main.token(header={"kid": "main' union select 'x' --"}),
        "a name that is a URL": main.token(header={"kid": "https://127.0.0.1:9/jwks.json"}),
        "a name with a NUL": main.token(header={"kid": "main\0"}),
        "a name of a megabyte": main.token(header={"kid": "x" * 1_000_000}),
        "a name that is a number": main.token(header={"kid": 1}),
        "a name that is null": main.token(header={"kid": None}),
        "a name that is a list": main.token(header={"kid": ["main"]}),
        "an empty name": main.token(header={"kid": ""}),
        # extensions
        "a critical extension": main.token(header={"crit": ["exp2"], "exp2": 1}),
        "a payload elsewhere": main.token(header={"crit": ["b64"], "b64": False}),
        # the signature
        "no signature": f"{stripped}.",
        "no signature and no dot": stripped,
        "half a signature": f"{stripped}.{signature[: len(signature) // 2]}",
        "a signature of zeros": f"{stripped}.{part(chr(0) * len(raw))}",
        "a longer signature": f"{stripped}.{signature}AAAA",
        "another learner under our signature": f"{head}.{part({**GOOD_CLAIMS, 'sub': BEN})}.{signature}",
        "a megabyte": good + "A" * 1_000_000,
        # the claims
        "exp missing": main.token(exp=...),
        "exp that is text": main.token(exp="tomorrow"),
        "exp that is infinite": joined(main.header, f'{{"sub": "{ANA}", "exp": 1e400}}', main.sign),
        "exp of 10^18": main.token(exp=10**18),
        "nbf in the future": main.token(nbf=now() + LATE),
        "nobody": main.token(sub=...),
        "an empty learner": main.token(sub=""),
        "another audience": main.token(aud="checkout"),
        "no audience": main.token(aud=...),
        "another issuer": main.token(iss="https://login.example.evil"),
        "no issuer": main.token(iss=...),
        "a refresh token": main.token(token_type="refresh"),  # noqa: S106 - a type of token
        "no type": main.token(token_type=...),
    }


ASKED = {"aud": "pulse", "iss": "https://login.example", "token_type": "access"}


@pytest.fixture
def no_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the network nor a file is touched: what a header says is never followed (FAULTS 32)."""

    def refuse(*_: object, **__: object) -> None:
        pytest.fail("a header of a token has caused an access")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(Path, "open", refuse)
    monkeypatch.setattr("builtins.open", refuse)
    monkeypatch.setattr(os, "open", refuse)


@pytest.fixture(scope="module", params=ALGORITHMS)
def provider(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, FlaskClient]:
    algorithm = request.param
    required = {"audience": ASKED["aud"], "issuer": ASKED["iss"], "required_claims": {"token_type": "access"}}
    return algorithm, create_app(asymmetric(tmp_path_factory.mktemp(algorithm), algorithm, **required)).test_client()


@pytest.mark.usefixtures("no_way_out")
@pytest.mark.parametrize("name", asymmetric_forgeries("EdDSA"))
def test_every_forgery_of_a_signed_token_gets_the_same_answer_and_causes_no_access(
    provider: tuple[str, FlaskClient], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FAULTS 32, 33, 34: with the claims that are asked for, so that nothing but the forgery refuses it."""
    algorithm, client = provider
    for claim, value in ASKED.items():
        monkeypatch.setitem(GOOD_CLAIMS, claim, value)
    assert ask(client, f"Bearer {Signer(algorithm).token()}").status_code == 503  # let through: nothing is published
    assert ask(client, f"Bearer {Signer(algorithm, 'next').token()}").status_code == 503
    response = ask(client, f"Bearer {asymmetric_forgeries(algorithm)[name]}")
    assert (response.status_code, response.get_json()) == (401, REFUSAL)
    assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_signature_of_a_key_with_any_of_its_characters_changed_is_refused(tmp_path: Path, algorithm: str) -> None:
    """FAULTS 34: characters and not bytes, because the last one has bits that no byte needs."""
    credentials = Credentials.of(asymmetric(tmp_path, algorithm))
    head, payload, signature = Signer(algorithm).token().split(".")
    for place, letter in enumerate(signature):
        changed = signature[:place] + ("A" if letter != "A" else "B") + signature[place + 1 :]
        with pytest.raises(RefusedError):
            credentials.caller({"Authorization": f"Bearer {head}.{payload}.{changed}"})


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_who_holds_an_expired_token_of_a_key_is_known_to_hold_one(tmp_path: Path, algorithm: str) -> None:
    client = create_app(asymmetric(tmp_path, algorithm)).test_client()
    expired = ask(client, f"Bearer {Signer(algorithm).token(exp=now() - 31)}")
    forged = ask(client, f"Bearer {Signer(algorithm, STRANGER).token(exp=1, header={'kid': 'main'})}")
    assert expired.status_code == forged.status_code == 401
    assert expired.data == forged.data
    assert "expired" in expired.headers["WWW-Authenticate"]
    assert forged.headers["WWW-Authenticate"] == "Bearer"


def test_several_algorithms_have_one_set_and_each_key_is_for_its_own(tmp_path: Path) -> None:
    file = tmp_path / "jwks.json"
    file.write_bytes(key_set(*(Signer(algorithm, algorithm) for algorithm in ALGORITHMS)))
    auth = Auth(algorithms=["RS256", "ES256", "EdDSA"], jwks=str(file))
    credentials = Credentials(Bearer(auth, FileKeySet(file, auth.algorithms)))
    for algorithm in ALGORITHMS:
        for key in ALGORITHMS:
            headers = {"Authorization": f"Bearer {Signer(key, key).token(header={'alg': algorithm})}"}
            if key == algorithm:
                assert credentials.caller(headers) == (ANA, f"learner:{ANA}")
            else:
                with pytest.raises(RefusedError):
                    credentials.caller(headers)
