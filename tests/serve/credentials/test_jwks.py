"""The key set behind tokens: how it is read, how it follows file and URL, and what no request can make it do.

The URL is that of a real https server with a certificate of its own authority. Nobody sleeps: the clock is ours, and
what the thread does on its own is waited for.
"""

import json
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from serve.app import create_app
from serve.credentials import jwks
from serve.credentials.bearer import Bearer
from serve.credentials.credentials import Credentials
from serve.credentials.https import FetchError, fetched
from serve.credentials.jwks import FetchedKeySet, FileKeySet, KeySet
from serve.credentials.jwks_keys import KeySetError, read_keys
from serve.http.errors import Reason, RefusedError, UnavailableError
from tests.serve.credentials.signers import Signer, encoded, key_set
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import ANA, PATH
from warehouse.configuration.authentication import Auth
from warehouse.errors import ConfigurationError

OLD, NEW = Signer("EdDSA", "old"), Signer("EdDSA", "new")
AUTH = Auth(algorithms=["EdDSA"], jwks="jwks.json")
ALL = ("RS256", "ES256", "EdDSA")
DAY = 24 * 3600.0


@dataclass
class Clock:
    """Seconds that grow when told to."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


def is_good(keys: KeySet, signer: Signer, **header: object) -> bool:
    """Tell whether a signer's token is let through; a set that is not there is neither yes nor no."""
    try:
        caller = Credentials(Bearer(AUTH, keys)).caller({"Authorization": f"Bearer {signer.token(header=header)}"})
    except RefusedError:
        return False
    return caller.learner == ANA


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


# --- from a URL -------------------------------------------------------------------------------------------------------


class Request(BaseHTTPRequestHandler):
    """A request to a provider, of which each test has its own."""

    provider: "Provider"

    def do_GET(self) -> None:
        self.provider.asked.append({"path": self.path, **dict(self.headers)})
        self.provider.answer(self)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


class Server(ThreadingHTTPServer):
    """A server that keeps quiet when its client hangs up."""

    def handle_error(self, *_: object) -> None:
        """Keep quiet."""


Answer = Callable[[Request], object]


@dataclass
class Provider:
    """An identity provider: what it answers, and how often it was asked."""

    server: Server
    answer: Answer
    asked: list[dict[str, str]] = field(default_factory=list)
    is_over: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.server.server_port}/jwks?of=pulse"

    def publish(self, *signers: Signer) -> None:
        self.answer = lambda request: send(request, 200, key_set(*signers))


def send(request: Request, status: int, content: bytes, **headers: str) -> None:
    request.send_response(status)
    for name, value in {"Content-Length": str(len(content)), **headers}.items():
        request.send_header(name, value)
    request.end_headers()
    request.wfile.write(content)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The certificate of an authority, and certificate with key of a server on 127.0.0.1."""
    folder = tmp_path_factory.mktemp("authority")
    roots, mine = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "an authority of the tests")])
    now = datetime.now(UTC)

    def certificate(subject: x509.Name, key: ec.EllipticCurvePublicKey, *, is_authority: bool) -> bytes:
        usage = dict.fromkeys(
            ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False
        ) | {"encipher_only": False, "decipher_only": False}
        signing = {"digital_signature": not is_authority, "key_cert_sign": is_authority, "crl_sign": is_authority}
        builder = (
            x509.CertificateBuilder()
            .issuer_name(name)
            .subject_name(subject)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(hours=1))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .add_extension(x509.KeyUsage(**usage, **signing), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(roots.public_key()), critical=False)
        )
        if not is_authority:
            place = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
            builder = builder.add_extension(place, critical=False)
        return builder.sign(roots, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    root, server = folder / "root.pem", folder / "server.pem"
    root.write_bytes(certificate(name, roots.public_key(), is_authority=True))
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    key = mine.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    server.write_bytes(certificate(subject, mine.public_key(), is_authority=False) + key)
    return root, server


@pytest.fixture
def provider(authority: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    """A running provider that publishes `OLD`, whose authority we trust."""
    root, certificate = authority
    monkeypatch.setenv("SSL_CERT_FILE", str(root))

    class RequestOfThisTest(Request):
        """Knows its provider."""

    server = Server(("127.0.0.1", 0), RequestOfThisTest)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    running = Provider(server, lambda request: send(request, 200, key_set(OLD)))
    RequestOfThisTest.provider = running
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield running
    running.is_over.set()
    server.shutdown()
    thread.join(10)
    server.server_close()


def fetched_set(provider: Provider, clock: Clock | None = None, seconds: float = 5.0) -> FetchedKeySet:
    return FetchedKeySet(provider.url, ["EdDSA"], clock or Clock(), seconds)


def test_keys_are_fetched_beside_the_requests_and_never_by_them(provider: Provider) -> None:
    keys = fetched_set(provider)
    for _ in range(3):
        with pytest.raises(UnavailableError):
            is_good(keys, OLD)
    assert provider.asked == []
    keys.refresh_if_due()
    assert is_good(keys, OLD)
    (asked,) = provider.asked
    assert asked["path"] == "/jwks?of=pulse"
    assert asked["Host"] == provider.url.split("/")[2]
    assert {"Authorization", "Cookie"}.isdisjoint(asked)


def test_a_set_that_nobody_misses_anything_in_is_refreshed_within_five_minutes(provider: Provider) -> None:
    clock = Clock()
    keys = fetched_set(provider, clock)
    waits = []
    for _ in range(600):
        waits.append(keys.refresh_if_due())
        clock.now += 1
    assert len(provider.asked) == 3
    assert max(waits) + jwks.FETCH_SECONDS < 300


def test_a_key_rotated_in_works_within_half_a_minute_and_one_rotated_out_no_more(provider: Provider) -> None:
    """FAULTS 34."""
    clock = Clock()
    keys = fetched_set(provider, clock)
    keys.refresh_if_due()
    provider.publish(NEW)
    clock.now += 7
    assert not is_good(keys, NEW)  # which is what brings the next fetch forward
    assert is_good(keys, OLD)
    assert keys.refresh_if_due() == jwks.ATTEMPT_SECONDS - 7
    assert not is_good(keys, NEW)
    clock.now += jwks.ATTEMPT_SECONDS - 7
    keys.refresh_if_due()
    assert is_good(keys, NEW)
    assert not is_good(keys, OLD)


def test_forged_names_of_keys_cost_nothing(provider: Provider) -> None:
    """FAULTS 34: thousands of them bring about one fetch in half a minute."""
    clock = Clock()
    keys = fetched_set(provider, clock)
    for second in range(120):
        keys.refresh_if_due()
        for number in range(20):
            assert not is_good(keys, NEW, kid=f"forged-{second}-{number}")
        clock.now += 1
    assert len(provider.asked) == 4


def test_what_could_be_no_name_of_a_key_brings_nothing_about(provider: Provider) -> None:
    clock = Clock()
    keys = fetched_set(provider, clock)
    keys.refresh_if_due()
    for name in ("x" * 1000, "a\nb", "\0", "\u202e"):
        assert not is_good(keys, NEW, kid=name)
    assert not is_good(keys, Signer("EdDSA", "stranger"), kid="old")  # known, and the signature is not of that key
    clock.now += jwks.ATTEMPT_SECONDS
    keys.refresh_if_due()
    assert len(provider.asked) == 1


def drips(request: Request) -> None:
    """Send a byte whenever the other side might lose patience, until the test is over."""
    request.send_response(200)
    request.end_headers()
    while not request.provider.is_over.wait(0.02):
        request.wfile.write(b" ")


def drips_head(request: Request) -> None:
    request.wfile.write(b"HTTP/1.1 200 OK\r\n")
    while not request.provider.is_over.wait(0.02):
        request.wfile.write(b"X: y\r\n")


def hangs(request: Request) -> None:
    request.provider.is_over.wait(10)


def endless(request: Request) -> None:
    request.send_response(200)
    request.end_headers()
    while not request.provider.is_over.is_set():
        request.wfile.write(b" " * 10_000)


def redirects(status: int) -> Answer:
    return lambda request: send(request, status, b"", Location="/elsewhere")


def cut_off(request: Request) -> None:
    send(request, 200, key_set(OLD), **{"Content-Length": "9999"})


def hangs_up(request: Request) -> None:
    request.connection.close()


FAILURES: dict[str, tuple[Answer, str]] = {
    "a redirect": (redirects(302), "answered 302"),
    "a lasting redirect": (redirects(308), "answered 308"),
    "an error": (lambda request: send(request, 500, key_set(NEW)), "answered 500"),
    "nothing": (lambda request: send(request, 204, b""), "answered 204"),
    "no key set": (lambda request: send(request, 200, b"<html>"), "no JSON"),
    "an empty key set": (lambda request: send(request, 200, b'{"keys": []}'), "no key for EdDSA"),
    "more than 64 kB": (lambda request: send(request, 200, key_set(NEW) + b" " * 65_536), "more than 65536 bytes"),
    "bytes without end": (endless, "more than 65536 bytes"),
    "bytes one by one": (drips, "time"),
    "headers one by one": (drips_head, "time"),
    "silence": (hangs, "time"),
    "a content that is cut off": (cut_off, "IncompleteRead"),
    "a connection that is cut off": (hangs_up, ""),
    "no HTTP": (lambda request: request.wfile.write(b"220 smtp.example\r\n"), "BadStatusLine"),
}


@pytest.mark.parametrize(("answer", "complaint"), FAILURES.values(), ids=FAILURES)
def test_whatever_is_answered_instead_leaves_the_last_good_set_and_is_tried_again_in_half_a_minute(
    provider: Provider, answer: Answer, complaint: str, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    keys = fetched_set(provider, clock, seconds=5.0)
    keys.refresh_if_due()
    provider.answer = answer
    clock.now += jwks.REFRESH_SECONDS
    keys._seconds = 0.4  # noqa: SLF001 - nobody wants to wait for five
    began = time.monotonic()
    assert keys.refresh_if_due() == jwks.ATTEMPT_SECONDS
    assert time.monotonic() - began < 3
    assert is_good(keys, OLD)
    assert complaint in caplog.text
    assert "of=pulse" not in caplog.text
    assert [asked["path"] for asked in provider.asked] == ["/jwks?of=pulse"] * 2  # nobody goes elsewhere
    provider.publish(NEW)
    clock.now += jwks.ATTEMPT_SECONDS
    keys.refresh_if_due()
    assert is_good(keys, NEW)


def test_a_handshake_byte_by_byte_takes_no_longer_than_everything_may() -> None:
    is_over = threading.Event()

    def drip(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection, suppress(OSError):
            connection.sendall(b"\x16\x03\x03\x3f\xff")  # of the handshake; as long as it may be
            while not is_over.wait(0.02):
                connection.sendall(b"\x02")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=drip, args=(listening,))
        thread.start()
        began = time.monotonic()
        with pytest.raises(FetchError, match="timed out"):
            fetched(f"https://127.0.0.1:{listening.getsockname()[1]}/", seconds=0.4, most_bytes=1)
        assert time.monotonic() - began < 3
        is_over.set()
        thread.join(10)


def test_while_the_provider_is_down_known_keys_go_on_for_24_hours(provider: Provider) -> None:
    """FAULTS 34."""
    clock = Clock()
    keys = fetched_set(provider, clock)
    keys.refresh_if_due()
    provider.server.socket.close()
    attempts = 0
    while clock.now <= 1000 + DAY:
        assert is_good(keys, OLD)
        assert not is_good(keys, NEW)
        clock.now += 3600
        attempts += keys.refresh_if_due() == jwks.ATTEMPT_SECONDS
    assert attempts == 25
    with pytest.raises(UnavailableError):
        is_good(keys, OLD)


def test_a_provider_whose_certificate_nobody_vouches_for_is_not_believed(
    provider: Provider, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    keys = fetched_set(provider)
    keys.refresh_if_due()
    with pytest.raises(UnavailableError):
        is_good(keys, OLD)
    assert "CERTIFICATE_VERIFY_FAILED" in caplog.text


def test_a_provider_with_a_certificate_for_another_host_is_not_believed(
    provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    keys = FetchedKeySet(provider.url.replace("127.0.0.1", "localhost"), ["EdDSA"], Clock())
    keys.refresh_if_due()
    with pytest.raises(UnavailableError):
        is_good(keys, OLD)
    assert "CERTIFICATE_VERIFY_FAILED" in caplog.text


def test_a_trouble_is_logged_once_and_so_is_the_next(provider: Provider, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)
    clock = Clock()
    keys = fetched_set(provider, clock)
    for status in (500, 500, 500, 404, 404):
        provider.answer = lambda request, status=status: send(request, status, b"")  # type: ignore[misc]
        keys.refresh_if_due()
        clock.now += jwks.ATTEMPT_SECONDS
    assert [record.getMessage().split(": ")[1].split(";")[0] for record in caplog.records] == [
        "answered 500",
        "answered 404",
    ]


def until(is_so: Callable[[], bool]) -> None:
    """Wait for what another thread does."""
    deadline = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_the_app_answers_503_without_a_set_and_by_itself_once_there_is_one(
    provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first request starts the thread where no server has done so."""
    monkeypatch.setattr(jwks, "ATTEMPT_SECONDS", 0.05)
    provider.answer = lambda request: send(request, 500, b"")
    configuration = small_platform.make(tmp_path)
    auth = Auth(algorithms=["EdDSA"], jwks=provider.url)
    app = create_app(configuration.model_copy(update={"auth": auth}))
    client, headers = app.test_client(), {"Authorization": f"Bearer {OLD.token()}"}
    assert not provider.asked
    response = client.get(PATH, headers=headers)
    assert response.status_code == 503
    assert response.get_json() == {"detail": "Credentials cannot be checked right now"}
    assert int(response.headers["Retry-After"]) >= 0
    assert client.get(PATH).status_code == 401  # nothing to check
    until(lambda: len(provider.asked) >= 3)  # it goes on by itself
    provider.publish(OLD)
    until(lambda: "published" in client.get(PATH, headers=headers).get_json()["detail"])
    provider.publish(NEW)
    rotated_in = {"Authorization": f"Bearer {NEW.token()}"}
    assert client.get(PATH, headers=rotated_in).status_code == 401
    until(lambda: client.get(PATH, headers=rotated_in).status_code == 503)
    assert client.get(PATH, headers=headers).status_code == 401
    app.extensions["credentials"].close()
    until(lambda: not any(thread.name == "key set" for thread in threading.enumerate()))


def test_an_attempt_that_fails_as_nobody_thought_of_does_not_end_the_attempts(
    provider: Provider, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(jwks, "ATTEMPT_SECONDS", 0.01)
    monkeypatch.setattr(jwks, "read_keys", lambda *_: 1 / 0)
    keys = FetchedKeySet(provider.url, ["EdDSA"])
    keys.start()
    until(lambda: "ZeroDivisionError" in caplog.text)
    monkeypatch.setattr(jwks, "read_keys", read_keys)
    keys.start()  # once is enough
    until(lambda: keys._held is not None)  # noqa: SLF001 - without asking for anything
    assert is_good(keys, OLD)
    keys.close()
    until(lambda: not any(thread.name == "key set" for thread in threading.enumerate()))
