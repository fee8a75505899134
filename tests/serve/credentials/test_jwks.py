"""The key set behind tokens: what it says, and how it follows a file.

Nobody sleeps: the clock is ours. How it follows a URL is `test_jwks_from_a_url.py`'s.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from serve.app import create_app
from serve.credentials import jwks
from serve.credentials.jwks import FileKeySet
from serve.credentials.jwks_keys import KeySetError, read_keys
from serve.http.errors import Reason, UnavailableError
from tests.serve.credentials.identity_provider import ALL, AUTH, DAY, NEW, OLD, Clock, is_good
from tests.serve.credentials.signers import Signer, encoded, key_set
from tests.support.platforms import small_platform
from warehouse.errors import ConfigurationError

# --- what a key set says ----------------------------------------------------------------------------------------------


def names(*entries: dict[str, Any], algorithms: tuple[str, ...] = ALL) -> list[tuple[str | None, str]]:
    """The keys that are found in a set, by id and algorithm."""
    return list(read_keys(json.dumps({"keys": list(entries)}).encode(), algorithms))


@pytest.mark.parametrize("algorithm", ALL)
def test_a_key_is_for_the_algorithm_that_its_type_and_curve_say(algorithm: str) -> None:
    signers = [Signer(name) for name in ALL]
    assert names(*(signer.jwk(alg=..., use=...) for signer in signers)) == [("main", name) for name in ALL]
    assert names(*(signer.jwk() for signer in signers), algorithms=(algorithm,)) == [("main", algorithm)]


GOOD = Signer("ES256").jwk()
IGNORED: dict[str, object] = {
    "a secret": {"kty": "oct", "kid": "main", "k": encoded(b"a secret of the tests, longer than 32 bytes")},
    "a secret that says it is for us": {"kty": "oct", "kid": "main", "alg": "ES256", "k": encoded(b"x" * 32)},
    "a key to encrypt with": {**GOOD, "use": "enc"},
    "a key to sign with": {**GOOD, "key_ops": ["sign"]},
    "operations that are no list": {**GOOD, "key_ops": "verify"},
    "another algorithm": {**GOOD, "alg": "ES384"},
    "an algorithm that is no text": {**GOOD, "alg": ["ES256"]},
    "another curve": {**GOOD, "crv": "P-384"},
    "a curve of bitcoins": {**GOOD, "crv": "secp256k1"},
    "a point that is on no curve": {**GOOD, "y": GOOD["x"]},
    "a point that is too short": {**GOOD, "x": "AQ"},
    "a coordinate that is missing": {key: value for key, value in GOOD.items() if key != "y"},
    "a coordinate that is a number": {**GOOD, "x": 7},
    "a coordinate that is not base64": {**GOOD, "x": "ü" * 43},
    "a name that is a number": {**GOOD, "kid": 7},
    "no type": {key: value for key, value in GOOD.items() if key != "kty"},
    "an unknown type": {**GOOD, "kty": "PQ"},
    "a type that is a list": {**GOOD, "kty": ["EC"]},
    "a short RSA key": {"kty": "RSA", "kid": "main", "n": encoded(b"\xff" * 128), "e": "AQAB"},
    "an RSA key with an even exponent": {"kty": "RSA", "kid": "main", "n": encoded(b"\xff" * 256), "e": "AA"},
    "an empty entry": {},
    "no entry at all": None,
    "text": "main",
    "a list": [GOOD],
}


@pytest.mark.parametrize("entry", IGNORED.values(), ids=IGNORED)
def test_what_is_no_key_for_us_is_ignored_and_the_others_stay(entry: Any) -> None:
    other = Signer("ES256", "other").jwk()
    assert names(entry, other, entry) == [("other", "ES256")]
    with pytest.raises(KeySetError, match="no key for"):
        names(entry)


NO_SETS = {
    "nothing": b"",
    "text": b"<html>Maintenance</html>",
    "a list": b"[]",
    "null": b"null",
    "no keys": b"{}",
    "an empty set": b'{"keys": []}',
    "keys that are no list": b'{"keys": {"kty": "EC"}}',
    "one key without a set": json.dumps(GOOD).encode(),
    "bytes that are no text": b"\xff\xfe\xff",
    "nesting without end": b"[" * 60_000,
    "a number without end": b'{"keys": ' + b"9" * 60_000 + b"}",
    "too much": key_set(OLD) + b" " * 65_536,
}


@pytest.mark.parametrize("content", NO_SETS.values(), ids=NO_SETS)
def test_what_is_no_key_set_is_told_from_one(content: bytes) -> None:
    with pytest.raises(KeySetError):
        read_keys(content, ALL)


def test_private_parts_that_a_provider_publishes_are_not_taken() -> None:
    ((key,),) = read_keys(json.dumps({"keys": [OLD.private_jwk()]}).encode(), ["EdDSA"]).values()
    assert "Public" in type(key.material).__name__


def test_the_curves_own_name_is_eddsa_too() -> None:
    """RFC 9864."""
    assert names(OLD.jwk(alg="Ed25519")) == [("old", "EdDSA")]


def test_two_keys_of_one_name_are_both_tried(tmp_path: Path) -> None:
    keys = file_set(tmp_path, json.dumps({"keys": [OLD.jwk(), NEW.jwk(kid="old")]}).encode())
    assert is_good(keys, OLD)
    assert is_good(keys, NEW, kid="old")
    assert not is_good(keys, NEW)


def test_a_token_without_a_name_needs_a_set_without_a_choice(tmp_path: Path) -> None:
    keys = file_set(tmp_path, key_set(OLD, Signer("RS256")))
    assert is_good(keys, OLD, kid=...)
    assert not is_good(keys, NEW, kid=...)
    assert not is_good(file_set(tmp_path, key_set(OLD, NEW)), OLD, kid=...)
    nameless = file_set(tmp_path, json.dumps({"keys": [OLD.jwk(kid=...)]}).encode())
    assert is_good(nameless, OLD, kid=...)
    assert not is_good(nameless, OLD)


# --- from a file ------------------------------------------------------------------------------------------------------


def file_set(folder: Path, content: bytes, clock: Clock | None = None) -> FileKeySet:
    file = folder / "jwks.json"
    file.write_bytes(content)
    return FileKeySet(file, ["EdDSA"], clock or Clock())


def test_a_file_is_relative_to_the_configuration_and_read_again_when_it_changes(tmp_path: Path) -> None:
    clock = Clock()
    keys = file_set(tmp_path, key_set(OLD), clock)
    assert is_good(keys, OLD)
    assert not is_good(keys, NEW)
    (tmp_path / "jwks.json").write_bytes(key_set(OLD, NEW))
    clock.now += jwks.LOOK_SECONDS
    assert is_good(keys, NEW)
    (tmp_path / "jwks.json").write_bytes(key_set(NEW))
    clock.now += jwks.LOOK_SECONDS
    assert is_good(keys, NEW)
    assert not is_good(keys, OLD)  # rotated out


def test_a_file_is_looked_at_once_a_second_however_many_ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = file_set(tmp_path, key_set(OLD))
    reads: list[float] = []
    read = keys._read  # noqa: SLF001 - what is counted is how often the disk is touched

    def counted(now: float) -> None:
        reads.append(now)
        read(now)

    monkeypatch.setattr(keys, "_read", counted)
    for _ in range(100):
        assert not is_good(keys, NEW)
    assert len(reads) == 1


@pytest.mark.parametrize("content", [None, *NO_SETS.values()], ids=["gone", *NO_SETS])
def test_the_last_good_set_of_a_file_lives_for_24_hours(
    tmp_path: Path, content: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    clock, file = Clock(), tmp_path / "jwks.json"
    keys = file_set(tmp_path, key_set(OLD), clock)
    clock.now += 10 * DAY
    assert is_good(keys, OLD)  # a file that is there and as it was does not grow old
    if content is None:
        file.unlink()
    else:
        file.write_bytes(content)
    for hours in (0.1, 1, 12, 10.9):
        clock.now += hours * 3600
        assert is_good(keys, OLD)
    assert len(caplog.records) == 1  # once, and not with every look
    clock.now += 3600
    with pytest.raises(UnavailableError) as unavailable:
        is_good(keys, OLD)
    assert unavailable.value.reason is Reason.NO_KEY_SET
    file.write_bytes(key_set(NEW))
    clock.now += jwks.LOOK_SECONDS
    assert is_good(keys, NEW)


@pytest.mark.parametrize("content", NO_SETS.values(), ids=NO_SETS)
def test_a_file_that_is_no_key_set_is_told_before_the_server_starts(tmp_path: Path, content: bytes) -> None:
    configuration = small_platform.make(tmp_path).model_copy(update={"auth": AUTH})
    (tmp_path / "jwks.json").write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"auth\.jwks: .*jwks\.json: "):
        create_app(configuration)


def test_a_file_that_is_not_there_or_none_is_told_before_the_server_starts(tmp_path: Path) -> None:
    configuration = small_platform.make(tmp_path).model_copy(update={"auth": AUTH})
    with pytest.raises(ConfigurationError, match="No such file"):
        create_app(configuration)
    (tmp_path / "jwks.json").mkdir()
    with pytest.raises(ConfigurationError, match="no JSON"):
        create_app(configuration)
