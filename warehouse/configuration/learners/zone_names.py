"""`zone_names` of a stream of kind `users`: what an application calls zones, and the IANA zones that it means (R4).

The names are applied when dates are cut. What lands is spelled as the source spells it (R3).
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator

from warehouse.zones import is_zone, names

RAILS = "rails"
RAILS_ZONES = Path(__file__).with_name("rails_zones.toml")
EXAMPLE = '"rails", or a table such as { "Berlin time" = "Europe/Berlin" }'


@cache
def rails_zones() -> Mapping[str, str]:
    """Return the IANA zone of each name that Ruby on Rails has for a zone."""
    return tomllib.loads(RAILS_ZONES.read_text(encoding="utf-8"))


def read_zone_names(value: object) -> dict[str, str]:
    """Return the IANA zone of each name.

    Args:
        value: `rails`, or a table of names.

    Raises:
        ValueError: it is neither, or a name stands for no IANA zone.
    """
    if value == RAILS:
        return dict(rails_zones())
    if not isinstance(value, dict):
        raise ValueError(f"write {EXAMPLE}")  # noqa: TRY004 - pydantic reports ValueError
    for name, zone in value.items():
        if not isinstance(zone, str) or not is_zone(zone):
            raise ValueError(f'"{zone}", for "{name}", is no IANA time zone, write one like "Europe/Berlin"')
    return value


def known_zones(zone_names: Mapping[str, str]) -> dict[str, str]:
    """Return the IANA zone of every spelling that is one: the wheel's names, and before them those of applications."""
    return {name: name for name in sorted(names())} | dict(zone_names)


ZoneNames = Annotated[dict[str, str], BeforeValidator(read_zone_names)]
