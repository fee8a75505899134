"""What is proposed: streams with a value for each key, how sure each is, and what was left out and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Self, TypeAlias

from warehouse.configuration.streams import Kind

Sureness = Literal["sure", "likely", "check"]
# What may stand behind a key: a name, several, or a table of them.
Value: TypeAlias = str | int | float | bool | Sequence[Any] | Mapping[str, Any]


@dataclass(frozen=True)
class Guess:
    """A value, and how sure it is.

    Args:
        value: as the configuration takes it.
        sureness: `check` for what would bend numbers if it were wrong.
        reason: why, for a comment.
    """

    value: Value
    sureness: Sureness
    reason: str

    def doubted(self, reason: str) -> Self:
        """Return the guess with a doubt that its reader has to clear."""
        known = f"{self.reason}; " if self.sureness == "check" else ""
        return replace(self, sureness="check", reason=f"{known}{reason}")


@dataclass(frozen=True)
class ProposedStream:
    """A stream.

    Args:
        name: its own.
        kind: users, xp, sessions, quizzes or daily.
        guess: of the kind; its value is the kind.
        table: as the configuration spells it.
        query: instead of a table.
        columns: the guess of each role.
        where: the guess of each filter.
        remarks: what else its reader has to know, a line each.
    """

    name: str
    kind: Kind
    guess: Guess
    table: str
    columns: Mapping[str, Guess]
    where: Sequence[Guess] = ()
    remarks: Sequence[str] = ()
    query: str | None = None

    @property
    def names(self) -> list[str]:
        """The columns that the stream reads, each once."""
        guesses = (*self.columns.values(), *self.where)
        return list(dict.fromkeys(name for guess in guesses for name in names_in(guess.value)))


@dataclass(frozen=True)
class Proposal:
    """A whole configuration.

    Args:
        url: as it is written.
        first_day: the guess of it.
        streams: users first.
        left_out: why a table is in none of them, by name.
    """

    url: str
    first_day: Guess
    streams: Sequence[ProposedStream]
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def doubts(self) -> int:
        """How many lines have to be checked."""
        guesses = [self.first_day]
        for stream in self.streams:
            guesses += [stream.guess, *stream.columns.values(), *stream.where]
        remarks = [remark for stream in self.streams for remark in stream.remarks]
        return sum(guess.sureness == "check" for guess in guesses) + sum(map(is_doubt, remarks))


def is_doubt(remark: str) -> bool:
    """Say whether a remark is one to check."""
    return remark.startswith("check: ")


def names_in(value: Value) -> list[str]:
    """Return the columns that a value names."""
    if isinstance(value, Mapping):
        return [str(value[key]) for key in ("column", "of") if key in value]
    return [value] if isinstance(value, str) else [str(name) for name in value] if isinstance(value, list) else []
