"""What random worlds draw for sessions that are longer than 24 hours (R8, R19)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import strategies as st

if TYPE_CHECKING:
    from tests.oracle.oracle import Stream

HOW = st.sampled_from(("quarantine", "quarantine", "cap", "no_length"))


def with_long_sessions(stream: Stream) -> st.SearchStrategy[Stream]:
    """A stream that says of its sessions what becomes of such; any other is itself."""
    if stream.kind != "sessions":
        return st.just(stream)
    return HOW.map(lambda how: replace(stream, longer_than_24h=how))
