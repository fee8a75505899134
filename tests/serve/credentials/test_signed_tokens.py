"""Tokens signed with keys of a set: every forgery gets one and the same answer, and causes no access (FAULTS 32 to 34).

Tokens signed with a secret are `test_credentials.py`'s.
"""

import base64
import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from serve.app import create_app
from serve.credentials.bearer import Bearer
from serve.credentials.credentials import Credentials
from serve.credentials.jwks import FileKeySet
from serve.http.errors import RefusedError
from tests.serve.credentials.forgeries import LATE, REFUSAL, ask
from tests.serve.credentials.signers import CLAIMS as GOOD_CLAIMS
from tests.serve.credentials.signers import Signer, hs256, joined, key_set, part
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import ANA, BEN, SECRET, now
from warehouse.configuration.authentication import Auth
from warehouse.configuration.configuration import Configuration

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
