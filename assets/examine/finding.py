"""A finding of `pulse check`: what was looked at, whether it is in order, and the way out if it is not."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Self

Status = Literal["ok", "warning", "failed"]
LONGEST_EXAMPLE = 40  # characters of a value that is shown
OF_A_NIGHT = "nothing has landed, "  # which goes without saying where nothing should


@dataclass(frozen=True)
class Finding:
    """What one look has shown.

    Args:
        subject: what was looked at, such as `stream xp_events` or `source platform`.
        check: the name of the look, such as `columns`.
        status: `warning` lets a night go well and its numbers be wrong or late, `failed` stops a night or the server.
        message: what is so, with the culprit.
        way_out: what to do about it; None where nothing has to be done.
    """

    subject: str
    check: str
    status: Status
    message: str
    way_out: str | None = None

    @classmethod
    def of_error(cls, subject: str, check: str, error: Exception | str, way_out: str = "") -> Self:
        """Return the failure that an error of ours tells: its line names the culprit, and behind a `;` the way out.

        Args:
            subject: what was looked at; an error's line may begin with it.
            check: the name of the look.
            error: the error, or its line.
            way_out: what to do, where the line does not say it.
        """
        line = " ".join(str(error).split()).removeprefix(f"{subject}: ")
        message, semicolon, rest = line.rpartition("; ")
        if way_out or not semicolon:
            return cls(subject, check, "failed", line, way_out or None)
        return cls(subject, check, "failed", message, rest.removeprefix(OF_A_NIGHT))

    @property
    def line(self) -> str:
        """The finding in one line that no character of a source can break, move or colour."""
        text = self.message + (f"; {self.way_out}" if self.way_out else "")
        return f"{self.status:<8} {printable(f'{self.subject}: {self.check}: {text}')}"

    def to_json(self) -> Mapping[str, str]:
        """Return the finding as an object of JSON; `way_out` is left out where there is none."""
        content = {"subject": self.subject, "check": self.check, "status": self.status, "message": self.message}
        return content | ({"way_out": self.way_out} if self.way_out else {})


def quoted(value: str) -> str:
    """Return a value of a source as it is shown: the beginning of it, in quotes."""
    return f'"{value[:LONGEST_EXAMPLE]}"'


def printable(text: str) -> str:
    r"""Return a text in one line, with `\x1b` and the like for characters that do not print."""
    return escaped(" ".join(text.split()))


def escaped(text: str) -> str:
    r"""Return a text to the letter, with `\x1b` and the like for characters that do not print, ends of lines too."""
    return "".join(_spelled(character) for character in text)


def _spelled(character: str) -> str:
    if character.isprintable():
        return character
    return character.encode("unicode_escape").decode()
