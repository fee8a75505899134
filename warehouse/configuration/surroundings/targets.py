"""`pulse.publish_to`: data folders of servers on other machines, which get copies of what is published.

Only how a target is written belongs here; copying is in `warehouse/copies/`.
"""

from typing import Annotated

from pydantic import AfterValidator

from warehouse.errors import ConfigurationError


def is_remote(target: str) -> bool:
    """Tell whether a target is one of another machine: `HOST:PATH`, with no `/` before the colon, as rsync has it."""
    host, colon, _ = target.partition(":")
    return bool(colon) and "/" not in host


def _target(text: str) -> str:
    host, _, path = text.partition(":")
    has_parts = bool(host and path) or not is_remote(text)
    if not text or not text.isprintable() or text.startswith("-") or path.startswith(":") or not has_parts:
        raise ValueError(f'"{text}" is no target, write a folder, or a host and its folder: "server:/srv/pulse/var"')
    return text


def target_of(text: str) -> str:
    """Return a target that somebody has typed.

    Raises:
        ConfigurationError: it is none.
    """
    try:
        return _target(text)
    except ValueError as error:
        raise ConfigurationError([str(error)]) from None


Target = Annotated[str, AfterValidator(_target)]
