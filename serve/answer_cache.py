"""Answers of one version that were asked for lately, ready to send; of a bounded size (README.md, `serve.cache_mb`).

The least recently asked for goes first. It belongs to a version that is open and goes with it, and an answer is found
by the learner's whole id, so nobody ever gets another's or an older one. Who asks has been authorised before.
"""

import sys
import threading
from collections import OrderedDict
from typing import NamedTuple

ENTRY_BYTES = 1_000  # what an answer takes beside its body and its learner's id, about


class Pulse(NamedTuple):
    """A learner's pulse: the body of the endpoint and what else there is to say.

    Args:
        body: as the contract has it, JSON.
        timezone: the zone that cut the dates.
        population: whose scores the cuts divide, 'own' or 'platform' (R16).
        cuts: the scores at the three quartiles of that population (R17); none while nobody has been active.
        is_known: whether the version knows the learner (R14).
    """

    body: bytes
    timezone: str
    population: str
    cuts: tuple[int, ...]
    is_known: bool


class AnswerCache:
    """Keeps answers by learner.

    Args:
        most_bytes: how much they may take together; 0 keeps none.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes, self._bytes = most_bytes, 0
        self._answers: OrderedDict[str, Pulse] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def bytes(self) -> int:
        """What the kept answers take."""
        return self._bytes

    def get(self, user_id: str) -> Pulse | None:
        """Return a learner's answer, None if it is not kept."""
        with self._lock:
            found = self._answers.get(user_id)
            if found is not None:
                self._answers.move_to_end(user_id)
            return found

    def put(self, user_id: str, answer: Pulse) -> None:
        """Keep a learner's answer, and as many of the others as there is room for."""
        with self._lock:
            replaced = self._answers.pop(user_id, None)
            self._bytes += _size(user_id, answer) - (_size(user_id, replaced) if replaced else 0)
            self._answers[user_id] = answer
            while self._bytes > self._most_bytes:
                self._bytes -= _size(*self._answers.popitem(last=False))

    def clear(self) -> None:
        """Keep nothing of what there is."""
        with self._lock:
            self._answers.clear()
            self._bytes = 0


def _size(user_id: str, answer: Pulse) -> int:
    return sys.getsizeof(answer.body) + sys.getsizeof(user_id) + ENTRY_BYTES
