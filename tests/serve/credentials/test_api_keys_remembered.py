"""How long the answer to an API key is remembered: a revoked key works for seconds at most, and no memory grows.

The clocks are ours. What reaches the table is `test_api_keys.py`'s.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from serve.app import create_app
from serve.credentials import api_keys
from serve.credentials.api_keys import KeyRing, Row
from serve.http.errors import CredentialError, Reason, RefusedError, UnavailableError
from tests.serve.credentials.api_key_table import COLUMNS, NOW, ago, ask, hash_of, key_of, with_keys, write
from tests.support.platforms.small_platform import ANA
from warehouse.configuration.authentication import ApiKeys
from warehouse.configuration.configuration import Configuration

pytestmark = pytest.mark.usefixtures("patience")


@dataclass
class Memory:
    """A table whose look-ups are counted, and two clocks."""

    found: dict[str, Row] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    seconds: float = 1000.0
    is_down: bool = False

    def rows(self, key_hash: str) -> Sequence[Row]:
        self.asked.append(key_hash)
        if self.is_down:
            raise UnavailableError(Reason.KEY_STORE, "down", 1)
        return [self.found[key_hash]] if key_hash in self.found else []

    def issue(self, name: str, *, expires_at: str | None = None) -> None:
        self.found[hash_of(name)] = Row(hash_of(name), ANA, expires_at, None, None)

    def revoke(self, name: str) -> None:
        self.found[hash_of(name)] = self.found[hash_of(name)]._replace(revoked_at="2026-01-01")


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def ring(memory: Memory) -> KeyRing:
    settings = ApiKeys(source="keys", table="api_keys", columns=COLUMNS)
    return KeyRing(settings, memory, lambda: memory.seconds, lambda: NOW + timedelta(seconds=memory.seconds))


def is_good(ring: KeyRing, name: str) -> bool:
    try:
        return ring.caller(key_of(name)).learner == ANA
    except RefusedError:
        return False


def test_a_revoked_key_works_for_five_seconds_at_most(ring: KeyRing, memory: Memory) -> None:
    """FAULTS 36."""
    memory.issue("ana")
    assert is_good(ring, "ana")
    memory.revoke("ana")
    memory.seconds += 4.99
    assert is_good(ring, "ana")  # using it does not lengthen it
    memory.seconds += 0.01
    assert not is_good(ring, "ana")
    assert len(memory.asked) == 2


def test_a_key_that_is_issued_works_within_five_seconds(ring: KeyRing, memory: Memory) -> None:
    assert not is_good(ring, "ana")
    memory.issue("ana")
    for _ in range(100):
        assert not is_good(ring, "ana")
    assert len(memory.asked) == 1
    memory.seconds += 5
    assert is_good(ring, "ana")


def test_a_key_ends_to_the_moment_also_while_it_is_remembered(ring: KeyRing, memory: Memory) -> None:
    end = NOW + timedelta(seconds=memory.seconds + 2)
    memory.issue("ana", expires_at=end.isoformat())
    assert is_good(ring, "ana")
    memory.seconds += 1.999
    assert is_good(ring, "ana")
    memory.seconds += 0.001
    assert not is_good(ring, "ana")
    assert len(memory.asked) == 1


def test_what_is_remembered_is_bounded_and_the_oldest_is_forgotten_first(
    ring: KeyRing, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_keys, "MOST_REMEMBERED", 100)
    for number in range(150):
        assert not is_good(ring, f"guess-{number}")
    assert len(ring._cached) == 100  # noqa: SLF001 - nothing else shows it
    assert not is_good(ring, "guess-149")
    assert len(memory.asked) == 150
    assert not is_good(ring, "guess-0")
    assert len(memory.asked) == 151


def test_a_store_that_is_down_is_remembered_as_nothing(ring: KeyRing, memory: Memory) -> None:
    memory.issue("ana")
    assert is_good(ring, "ana")
    memory.is_down = True
    assert is_good(ring, "ana")  # for as long as it is remembered
    memory.seconds += 5
    with pytest.raises(UnavailableError):
        is_good(ring, "ana")
    memory.is_down = False
    assert is_good(ring, "ana")


@pytest.mark.parametrize("key_hash", ["", "0", hash_of("ana").upper(), hash_of("ben"), None])
def test_a_row_of_another_hash_is_none_whatever_a_database_takes_for_equal(
    ring: KeyRing, memory: Memory, key_hash: str | None
) -> None:
    memory.found[hash_of("ana")] = Row(key_hash, ANA, None, None, None)
    assert not is_good(ring, "ana")


def test_revoking_works_through_the_app(published: Configuration, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    write(url)
    monkeypatch.setattr(api_keys, "REMEMBERED_SECONDS", 0)
    client = create_app(with_keys(published, url)).test_client()
    assert ask(client, key_of("ana")).status_code == 200
    write(url, [("ana", ANA, None, ago(seconds=1), None)])
    assert ask(client, key_of("ana")).status_code == 401


def test_every_refusal_of_a_key_has_its_reason(ring: KeyRing, memory: Memory) -> None:
    memory.issue("ana")
    memory.revoke("ana")
    for key, reason in (("x", Reason.MALFORMED), (key_of("ana"), Reason.API_KEY), (key_of("b"), Reason.API_KEY)):
        with pytest.raises(CredentialError) as refusal:
            ring.caller(key)
        assert refusal.value.reason is reason
        assert key not in str(refusal.value) or key == "x"
