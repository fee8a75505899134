"""The key set of a URL: when it is fetched, how old it may be, and what a provider cannot make of it.

The URL is that of a real https server with a certificate of its own authority. Nobody sleeps: the clock is ours, and
what the thread does on its own is waited for. What a set says, and one from a file, is `test_jwks.py`'s.
"""

import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from serve.app import create_app
from serve.credentials import jwks
from serve.credentials.examination import examined
from serve.credentials.https import FetchError, fetched
from serve.credentials.jwks import FetchedKeySet
from serve.credentials.jwks_keys import read_keys
from serve.http.errors import UnavailableError
from tests.serve.credentials.identity_provider import (
    DAY,
    NEW,
    OLD,
    Answer,
    Clock,
    Provider,
    Request,
    Server,
    is_good,
    send,
)
from tests.serve.credentials.signers import Signer, key_set
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import PATH
from warehouse.configuration.authentication import Auth


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


def test_pulse_check_fetches_it_once_and_says_what_is_wrong_without_its_query(
    provider: Provider, tmp_path: Path
) -> None:
    auth = Auth(algorithms=["EdDSA"], jwks=provider.url)
    configuration = small_platform.make(tmp_path).model_copy(update={"auth": auth})
    assert list(examined(configuration)) == [("key set", None)]
    assert len(provider.asked) == 1
    provider.publish()
    ((check, mistake),) = examined(configuration)
    assert (check, mistake) == ("key set", f"{provider.url.partition('?')[0]}: no key for EdDSA")
