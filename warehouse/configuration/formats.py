"""Instants that are texts of a format of their own: `{ column = "at", format = "%Y-%m-%d %H:%M:%S.%f(%Z)" }` (R1).

A format has the letters of `strptime` that do not depend on a language. Year, month and day have to stand where every
text has them, so that a source can tell the day of a row. If they come first and in this order, its texts are in the
order of their days.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from functools import cache, cached_property
from typing import Self

from warehouse.zones import is_zone, to_utc

WIDTHS = {"Y": 4, "m": 2, "d": 2, "H": 2, "M": 2, "S": 2}
VARIABLE = {"f": r"\d{1,9}", "z": r"Z|[+-]\d{2}:?\d{2}", "Z": r"[A-Za-z0-9_+/-]+"}
NEEDS = {"M": "H", "S": "M", "f": "S"}
# What a database takes for readable without our help; what it is in doubt of is read, and judged by us.
SURE = {
    "Y": "[12][0-9]{3}",
    "H": "([01][0-9]|2[0-3])",
    "M": "[0-5][0-9]",
    "S": "[0-5][0-9]",
    "f": "[0-9]{1,9}",
    "z": "(Z|[+-](0[0-9]|1[0-4]):?[0-5][0-9])",
    "Z": "UTC",
}
SURE_DATES = (
    ("(0[1-9]|1[0-2])", "(0[1-9]|1[0-9]|2[0-8])"),
    ("(0[13-9]|1[0-2])", "(29|30)"),
    ("(0[13578]|1[02])", "31"),
)


@dataclass(frozen=True)
class InstantFormat:
    """A format, taken apart.

    Args:
        parts: in their order, letters as `%Y`, and what stands between them.
    """

    parts: tuple[str, ...]

    @classmethod
    @cache
    def of(cls, text: str) -> Self:
        """Take a format apart.

        Raises:
            ValueError: it has a letter that is not known, lacks one, or has the date where texts may differ.
        """
        parts = tuple(re.findall(r"%.|[^%]+|%", text, re.DOTALL))
        letters = [part[1:] for part in parts if part[0] == "%" and part != "%%"]
        known = ", ".join(f"%{letter}" for letter in (*WIDTHS, *VARIABLE))
        for letter in letters:
            if letter not in WIDTHS and letter not in VARIABLE:
                raise ValueError(f"%{letter} is not known; a format has {known}")
            if letters.count(letter) > 1:
                raise ValueError(f"it has %{letter} twice")
            if letter in NEEDS and NEEDS[letter] not in letters:
                raise ValueError(f"%{letter} needs %{NEEDS[letter]}")
        if {"z", "Z"} <= set(letters):
            raise ValueError("%z and %Z both say the zone; leave one of them")
        first_variable = min((letters.index(letter) for letter in VARIABLE if letter in letters), default=len(letters))
        for letter in ("Y", "m", "d"):
            if letter not in letters[:first_variable]:
                raise ValueError(f"it needs %{letter}, and before %f, %z and %Z, which differ in length")
        return cls(parts)

    @cached_property
    def positions(self) -> dict[str, int]:
        """Where each letter of fixed width begins, counted from 1, up to the first that has none."""
        position, positions = 1, {}
        for part in self.parts:
            if part[0] == "%" and part[1:] in VARIABLE:
                break
            if part[1:] in WIDTHS and part[0] == "%":
                positions[part[1:]] = position
            position += WIDTHS.get(part[1:], 1) if part[0] == "%" else len(part)
        return positions

    @property
    def begins_with_the_day(self) -> bool:
        """Whether texts are in the order of their days: year, month and day come first, in this order."""
        letters = [part for part in self.parts if part[0] == "%" and part != "%%"]
        return letters[:3] == ["%Y", "%m", "%d"]

    def text_of(self, day: date) -> str:
        """Return with which text those of a day begin, if the format `begins_with_the_day`."""
        until = self.parts.index("%d") + 1
        values = {"%Y": f"{day:%Y}".zfill(4), "%m": f"{day:%m}", "%d": f"{day:%d}", "%%": "%"}
        return "".join(values.get(part, part) for part in self.parts[:until])

    def read(self, text: str, zone: str) -> datetime:
        """Return the instant that a text is, as UTC without a zone attached.

        Args:
            text: the text.
            zone: the IANA zone of a text that says none (R1).

        Raises:
            ValueError: it is none.
        """
        match = self._pattern.fullmatch(text)
        if match is None:
            raise ValueError("not of the format")
        values = match.groupdict()
        year, month, day, hour, minute, second = (int(values.get(letter, 0)) for letter in WIDTHS)
        fraction = int(values.get("f", "0").ljust(6, "0")[:6])
        local = datetime(year, month, day, hour, minute, second, fraction)  # noqa: DTZ001 - the zone comes below
        try:
            if "z" in values:
                return local.replace(tzinfo=_offset(values["z"])).astimezone(UTC).replace(tzinfo=None)
            name = values.get("Z", zone)
            if name != "UTC" and not is_zone(name):
                raise ValueError("no zone")
            return local if name == "UTC" else to_utc(local, name)
        except OverflowError:
            raise ValueError("outside of the years 1 to 9999") from None

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        named = {f"%{letter}": rf"(?P<{letter}>\d{{{width}}})" for letter, width in WIDTHS.items()}
        named |= {f"%{letter}": f"(?P<{letter}>{pattern})" for letter, pattern in VARIABLE.items()}
        return re.compile("".join(named.get(part, re.escape(_literal(part))) for part in self.parts), re.ASCII)

    @cached_property
    def sure(self) -> str:
        """A pattern, as databases know them, of texts that can certainly be read; without its end."""
        alternatives = (
            "".join(
                {**SURE, "m": month, "d": day}[part[1:]]
                if part[0] == "%" and part != "%%"
                else "".join(map(_escaped, _literal(part)))
                for part in self.parts
            )
            for month, day in SURE_DATES
        )
        return f"^({'|'.join(alternatives)})"


def _literal(part: str) -> str:
    return "%" if part == "%%" else part


def _escaped(character: str) -> str:
    """A character as every database's regular expressions take it for itself."""
    if character.isalnum() or character in " _":
        return character
    return f"\\{character}" if character in "^\\" else f"[{character}]"


def _offset(text: str) -> timezone:
    if text == "Z":
        return UTC
    sign = -1 if text[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(text[1:3]), minutes=int(text[-2:])))
