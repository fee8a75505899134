"""Which encoding a client gets, and that what is kept in an encoding is one learner's, and the same as plain."""

import gzip
import json
import time
from collections.abc import Callable
from pathlib import Path

import brotli  # type: ignore[import-untyped]
import pytest
from flask.testing import FlaskClient

from serve.http.answers import IDENTITY, LONGEST_HEADER, accepted
from serve.version.learner_cache import LearnerCache
from tests.serve.http.asking import ask, client_on
from tests.support.platforms.small_platform import ANA, ANSWERS, BEN, IDLE, KIM, SECOND

UNPACKED: dict[str, Callable[[bytes], bytes]] = {"br": brotli.decompress, "gzip": gzip.decompress, "": bytes}
ACCEPTED = {
    "br": "br",
    "BR": "br",
    "gzip": "gzip",
    "gzip, br": "br",
    "gzip;q=0.9, br;q=0.8": "gzip",
    "br; q=1": "br",
    "br ; q=0.5, gzip;q=0.4": "br",
    "*": "br",
    "gzip;q=0.1, *": "gzip",
    "br;q=0, *": "br",
    "*;q=0": "",
    "br;q=0": "",
    "identity": "",
    "identity, gzip;q=0.5": "",
    "identity, gzip": "gzip",
    "identity;q=0, gzip": "gzip",
    "br;q=2": "",
    "zstd, deflate": "",
    ",,;q=1,": "",
    "": "",
}


@pytest.mark.parametrize(("header", "name"), ACCEPTED.items(), ids=ACCEPTED)
def test_a_client_gets_what_it_likes_best(header: str, name: str) -> None:
    assert accepted(header).name == name


def test_a_header_that_no_browser_sends_costs_nothing() -> None:
    began = time.process_time()
    for endless in ("br;q=0.5," * 7000, 'x="' * 20_000, "," * 60_000):
        assert accepted(endless) is IDENTITY
    assert time.process_time() - began < 0.01
    assert accepted("br" + " " * (LONGEST_HEADER - 2)).name == "br"
    assert accepted(None) is IDENTITY


@pytest.fixture
def asking(nights: Path, tmp_path: Path) -> FlaskClient:
    return client_on(nights, tmp_path, SECOND)


def test_what_is_kept_in_an_encoding_is_the_same_answer_whoever_comes_how_often(asking: FlaskClient) -> None:
    for _ in range(4):  # looked up, and kept, and given again
        for learner in (ANA, KIM, IDLE):
            for name in ("br", "gzip", ""):
                answer = ask(asking, learner, Accept_Encoding=name)
                assert json.loads(UNPACKED[name](answer.data)) == ANSWERS[learner][SECOND]
                assert answer.headers.get("Content-Encoding", "") == name
                assert int(answer.headers["Content-Length"]) == len(answer.data) < 45_000


def test_no_id_is_taken_for_another_learners_in_an_encoding(asking: FlaskClient) -> None:
    for _ in range(3):
        ask(asking, BEN, Accept_Encoding="br")
    kept = asking.application.extensions["follower"].current.pulses
    assert kept.get(BEN, "br") is not None
    for posing in (f"br\0{BEN}", f"{BEN}\0br", f"br{BEN}", f"('{BEN}', 'br')"):
        for _ in range(3):
            answer = ask(asking, posing)
            assert answer.headers["X-Pulse-Learner"] == "unknown"
            assert b'"xp_earned":999' not in answer.data


def test_a_cache_keeps_forms_apart_and_counts_them_all() -> None:
    cache = LearnerCache[bytes](1000, len)
    cache.put("ana", b"plain")
    cache.put("ana", b"br", "br")
    assert (cache.get("ana"), cache.get("ana", "br"), cache.get("ana", "gzip")) == (b"plain", b"br", None)
    size = cache.size
    cache.put("ana", b"br", "br")
    assert cache.size == size
    cache.put("ben", b"x" * 500)
    assert cache.get("ana") is None or cache.get("ana", "br") is None
    assert cache.size <= 1000
    cache.clear()
    assert (cache.get("ben"), cache.size) == (None, 0)
