"""What a worker keeps of learners stays within its bytes, and is found by the very id."""

import sys
import tracemalloc

import pytest

from serve.version.learner_cache import LearnerCache


def test_kept_learners_stay_within_their_bytes_and_the_one_asked_for_longest_ago_goes_first() -> None:
    cache = LearnerCache(32_000, sys.getsizeof)
    for name in ("ana", "ben", "kim"):
        cache.put(name, b"x" * 10_000)
    assert cache.get("ana") is not None
    cache.put("zoe", b"x" * 10_000)
    assert [name for name in ("ana", "ben", "kim", "zoe") if cache.get(name)] == ["ana", "kim", "zoe"]
    assert cache.size <= 32_000
    cache.put("huge", b"x" * 50_000)
    assert cache.get("huge") is None
    assert cache.size == 0


def test_what_is_counted_is_what_python_takes() -> None:
    """`cache_mb` is a promise to an operator whose machine is small."""
    tracemalloc.start()
    try:
        cache = LearnerCache(100_000_000, sys.getsizeof)
        before = tracemalloc.get_traced_memory()[0]
        for number in range(5_000):
            cache.put(f"{number:036}", b"%0900d" % number)
        taken = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert taken <= cache.size <= 1.2 * taken


def test_a_line_that_replaces_another_is_counted_once() -> None:
    cache = LearnerCache(100_000, sys.getsizeof)
    cache.put("ana", b"x" * 10_000)
    once = cache.size
    cache.put("ana", b"x" * 10_000)
    assert cache.size == once


def test_nothing_is_kept_without_room() -> None:
    cache = LearnerCache(0, sys.getsizeof)
    cache.put("ana", b"x")
    assert cache.get("ana") is None


@pytest.mark.parametrize("other", ["7.0", "07", " 7", "7 ", "\uff17"])
def test_a_kept_learner_is_found_by_the_very_id(other: str) -> None:
    cache = LearnerCache(100_000, sys.getsizeof)
    cache.put("7", b"x")
    assert cache.get("7") is not None
    assert cache.get(other) is None
