"""Tokens drawn at random are judged as PyJWT's own `decode` judges them, reason for reason (FAULTS 32 to 34).

The server has PyJWT read headers and verify signatures, and judges claims itself. Here the library does all of it, once
for every token, as the server once did.
"""

import json
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jwt
import pytest

from serve.credentials.bearer import LONGEST_REMEMBERED, MOST_REMEMBERED, Bearer, Keys, Secrets
from serve.credentials.jwks import FileKeySet
from serve.http.errors import Reason, RefusedError
from tests.serve.credentials.signers import CLAIMS, Signer, hs256, joined, key_set
from tests.support.platforms.small_platform import ANA, SECRET, now
from warehouse.configuration.authentication import Auth

LATEST_EXPIRY = 253_402_300_799
PLAIN = Auth(secret=[SECRET])
STRICT = Auth(secret=[SECRET], audience="pulse", issuer="platform", required_claims={"level": 1})
EMPTY = Auth(secret=[SECRET], audience="", issuer="")
ALGORITHMS = ("HS256", "RS256", "ES256", "EdDSA")
CHARACTERS = "AZaz09-_.=+/ é\0\ud800"


def judged(bearer: Bearer, token: str) -> str:
    """Whom the server takes for the sender, or why it refuses."""
    try:
        return bearer.learner(token)
    except RefusedError as error:
        return f"refused: {error.reason}"


def judged_by_library(auth: Auth, token: str, key: Any, algorithm: str = "HS256") -> str:
    """The same by the library's `decode`, and what the configuration asks for besides."""
    required = ["exp"] + ["aud"] * (auth.audience is not None) + ["iss"] * (auth.issuer is not None)
    try:
        claims = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            audience=auth.audience,
            issuer=auth.issuer,
            leeway=30,
            options={
                "require": required,
                "enforce_minimum_key_length": True,
                "verify_aud": auth.audience is not None,
                "verify_sub": False,
                "verify_jti": False,
            },
        )
    except jwt.ExpiredSignatureError:
        return f"refused: {Reason.EXPIRED}"
    except jwt.ImmatureSignatureError:
        return f"refused: {Reason.NOT_YET_VALID}"
    except jwt.InvalidSignatureError:
        return f"refused: {Reason.SIGNATURE}"
    except (jwt.PyJWTError, ValueError, OverflowError, TypeError, RecursionError):
        return f"refused: {Reason.CLAIMS}"
    is_expiry = type(claims["exp"]) in (int, float) and 0 < claims["exp"] <= LATEST_EXPIRY
    level = claims.get("level")
    if not is_expiry or (auth.required_claims and (type(level) is not int or level != 1)):
        return f"refused: {Reason.CLAIMS}"
    return str(claims["sub"])


AWAY = (-(10**6), -40, -20, 0, 20, 40, 10**6, 10**11, 10**18)  # seconds from now; never on a border
ODD_TIMES: tuple[Any, ...] = (None, True, False, 0, -1, "", "1e9", " 7 ", "\u0667", "9" * 5000, [], [1], {}, 1e308)
ENDLESS = (float("nan"), float("inf"), float("-inf"))
NAMES = ("pulse", "platform", "Pulse", "", " ", "checkout")
ODD_NAMES: tuple[Any, ...] = (
    None,
    True,
    0,
    1,
    1.0,
    {},
    {"pulse": 1},
    [["pulse"]],
    [1, "pulse"],
    ["pulse", None],
    [None],
    [],
)


def time_claim(chance: random.Random) -> Any:
    at = now() + chance.choice(AWAY)
    return chance.choice([at, at, at + 0.5, str(at), chance.choice(ODD_TIMES), chance.choice(ENDLESS)])


def name_claim(chance: random.Random) -> Any:
    several = chance.choices(NAMES, k=chance.randrange(4))
    return chance.choice([chance.choice(NAMES), several, chance.choice(ODD_NAMES)])


CHANGES: Mapping[str, Callable[[random.Random], Any]] = {
    "exp": time_claim,
    "nbf": time_claim,
    "iat": time_claim,
    "aud": name_claim,
    "iss": name_claim,
    "level": lambda chance: chance.choice([1, True, 1.0, "1", None]),
    "jti": name_claim,
}


@pytest.mark.parametrize("auth", [PLAIN, STRICT, EMPTY], ids=["plain", "strict", "empty names"])
def test_claims_are_judged_as_the_library_judges_them(auth: Auth) -> None:
    bearer, chance = Bearer(auth, Secrets(auth)), random.Random(1)
    good = {"sub": ANA, "exp": now() + 100, "aud": auth.audience or [""], "iss": auth.issuer or "", "level": 1}
    outcomes = set()
    for _ in range(3000):
        claims = dict(good)
        for name in chance.sample(list(CHANGES), chance.choice([1, 1, 2, 3])):
            claims[name] = CHANGES[name](chance)
        for name in chance.sample(list(good)[1:], chance.choice([0, 0, 0, 1])):
            del claims[name]
        token = joined({"alg": "HS256"}, json.dumps(claims), hs256(SECRET.encode()))
        outcomes.add(outcome := judged(bearer, token))
        assert outcome == judged_by_library(auth, token, SECRET), claims
    assert outcomes == {ANA, *(f"refused: {why}" for why in (Reason.CLAIMS, Reason.EXPIRED, Reason.NOT_YET_VALID))}


def keys_and_good_token(algorithm: str, folder: Path) -> tuple[Keys, Any, str]:
    if algorithm == "HS256":
        return Secrets(PLAIN), SECRET, joined({"alg": "HS256"}, CLAIMS, hs256(SECRET.encode()))
    signer, file = Signer(algorithm), folder / "jwks.json"
    file.write_bytes(key_set(signer))
    return FileKeySet(file, [algorithm]), signer.pem(), signer.token()


def damaged(token: str, chance: random.Random) -> str:
    """Cut, change, double or add some characters of a token."""
    letters = list(token)
    for _ in range(chance.choice([1, 1, 1, 2, 5])):
        place = chance.randrange(len(letters) + 1)
        match chance.randrange(4):
            case 0:
                letters[place : place + 1] = chance.choice(CHARACTERS)
            case 1:
                letters.insert(place, chance.choice(CHARACTERS))
            case 2:
                del letters[place : place + chance.choice([1, 2, 60])]
            case _:
                letters[place:place] = letters[place : place + chance.choice([1, 30])]
    return "".join(letters)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_damaged_token_is_refused_and_never_an_error(algorithm: str, tmp_path: Path) -> None:
    """What the library would let through, too, is the very same token."""
    keys, key, good = keys_and_good_token(algorithm, tmp_path)
    bearer = Bearer(Auth.model_construct(algorithms=[algorithm]), keys)
    assert judged(bearer, good) == ANA
    chance, refused = random.Random(algorithm), 0
    for _ in range(3000):
        token = damaged(good, chance)
        if judged(bearer, token) == ANA:
            assert token == good
            continue
        refused += 1
        by_library = "refused" if "\ud800" in token else judged_by_library(PLAIN, token, key, algorithm)
        assert by_library.startswith("refused") or token.rstrip("=") == good  # the library lets padding through
    assert refused > 2900


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_signatures_of_any_bytes_are_refused_and_never_an_error(algorithm: str, tmp_path: Path) -> None:
    keys, _, _ = keys_and_good_token(algorithm, tmp_path)
    bearer, chance = Bearer(Auth.model_construct(algorithms=[algorithm]), keys), random.Random(algorithm)
    for length in [1, 2, 31, 32, 33, 63, 64, 65, 128, 255, 256, 257, 512, 3000]:
        for raw in (chance.randbytes(length), bytes(length), b"\xff" * length):
            token = joined({"alg": algorithm, "kid": "main"}, CLAIMS, lambda _, raw=raw: raw)  # type: ignore[misc]
            assert judged(bearer, token) == "refused: signature"


def test_what_headers_say_is_remembered_of_a_few_short_ones_and_never_of_refused_ones() -> None:
    bearer = Bearer(PLAIN, Secrets(PLAIN))
    sign = hs256(SECRET.encode())
    for number in range(3 * MOST_REMEMBERED):
        assert judged(bearer, joined({"alg": "HS256", "kid": str(number)}, CLAIMS, sign)) == ANA
    about = bearer.remembered_header.cache_info()
    assert (about.currsize, about.hits) == (MOST_REMEMBERED, 0)
    assert judged(bearer, joined({"alg": "HS256", "kid": "0", "of": "x" * LONGEST_REMEMBERED}, CLAIMS, sign)) == ANA
    for header in ({"alg": "none"}, {"alg": "HS256", "crit": ["exp"], "exp": 1}, {"alg": "HS256", "kid": 7}):
        assert judged(bearer, joined(header, CLAIMS, sign)).startswith("refused")
    assert bearer.remembered_header.cache_info().misses == about.misses + 3
    assert judged(bearer, joined({"alg": "HS256", "kid": str(number)}, CLAIMS, sign)) == ANA
    assert judged(bearer, joined({"alg": "HS256", "kid": str(number)}, CLAIMS, hs256(b"another"))) == (
        f"refused: {Reason.SIGNATURE}"
    )
    assert bearer.remembered_header.cache_info().hits == 2
