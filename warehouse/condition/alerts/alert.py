"""What an alert says: what has happened, to which version and days, with counts.

It goes to chats and mailboxes, which keep it. So it never has an id, a name, a value of a source or a secret. The line
that a run prints may have one, and is not part of it.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal, Self, get_args

from warehouse import clock

Kind = Literal["night_failed", "night_skipped", "version_held_back", "drift", "stale", "refused_version", "test"]
NO_NAME = re.compile(r"[^A-Za-z0-9._-]+")
# What the class of an error says of it; the error's own words may have an id in them.
REASONS = {
    "ConfigurationError": "the configuration cannot be used",
    "LockWaitError": "another process has held the lock for too long",
    "SourceDriftError": "a source is not what its mapping says",
    "SourceUnavailableError": "a source did not answer, or not completely",
    "ClockError": "a clock is wrong",
    "ShrinkError": "a landing would lose too many rows",
    "CheckFailedError": "a check blocks publishing",
    "StorageError": "a file could not be written",
    "DamagedError": "something in the data folder is not what we put there",
}
UNEXPECTED = "an unexpected error"


@dataclass(frozen=True)
class Alert:
    """Something that somebody is told.

    Args:
        kind: what has happened.
        subject: the same as a line.
        key: what it is about; of each kind and key somebody is told once.
        at: when it was noted, ISO 8601 in UTC.
        version: the version that readers get, None if none is published.
        day: the last UTC day that a run was for, ISO; None if it is about no day.
        checks: how often each check that blocks was violated.
        counts: other figures, each by its name.
    """

    kind: Kind
    subject: str
    key: str
    at: str = field(default_factory=lambda: f"{clock.now():%Y-%m-%dT%H:%M:%SZ}")
    version: str | None = None
    day: str | None = None
    checks: Mapping[str, int] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its name as a file: kind and key, of letters, digits and `.`, `_`, `-` alone."""
        return NO_NAME.sub("_", f"{self.kind}-{self.key}")[:150]

    @property
    def text(self) -> str:
        """All of it in a few lines, for people."""
        lines = [f"Learning Pulse: {self.subject}"]
        lines += [f"check {check}: {violations:,} violations" for check, violations in self.checks.items()]
        lines += [f"{name.replace('_', ' ')}: {count:,}" for name, count in self.counts.items()]
        lines += [f"day: {self.day}"] if self.day else []
        served = f"version {self.version} is served" if self.version else "nothing is published"
        return "\n".join([*lines, f"{served}; noted at {self.at}"])

    def to_json(self) -> str:
        """Return it as JSON, with its text in the field that Slack shows."""
        return json.dumps({"text": self.text, **asdict(self)})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the alert of a JSON text.

        Raises:
            ValueError: it is none.
        """
        try:
            content = json.loads(text)
            content.pop("text", None)
            alert = cls(**content)
        except (TypeError, AttributeError) as error:
            raise ValueError(str(error)) from error
        if alert.kind not in get_args(Kind):
            raise ValueError(f"{alert.kind} is no kind of alert")
        return alert


def reason_of(name: str) -> str:
    """Return what the name of an error's class says."""
    return REASONS.get(name, UNEXPECTED)
