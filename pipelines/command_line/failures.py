"""How a failure becomes an exit code and one line on standard error, whatever it was and whatever else is broken."""

import signal
import sys
import traceback
from pathlib import Path

import duckdb

from pipelines.command_line import terminal
from warehouse.condition import damage
from warehouse.configuration.configuration import load
from warehouse.engine import is_interruption
from warehouse.errors import ConfigurationError, PulseError, UnexpectedError
from warehouse.versions.versions import Warehouse

INTERRUPTED = 128 + signal.SIGINT
# Errors whose own text is enough; to the others their class is added.
SELF_EXPLANATORY = (OSError, RuntimeError, duckdb.Error, UnexpectedError)


def failed(config: Path | None, error: BaseException) -> int:
    """Print what went wrong, and return the exit code.

    Args:
        config: the file that the command read; None where it had none, or was not understood yet.
        error: what ended the command.
    """
    if terminal.is_debugging():
        traceback.print_exception(error)
    for line in _lines(config, error):
        print(f"pulse: {terminal.plain(' '.join(line.splitlines()))}", file=sys.stderr)
    if _is_interruption(error):
        return INTERRUPTED
    return error.exit_code if isinstance(error, PulseError) else PulseError.exit_code


def _lines(config: Path | None, error: BaseException) -> list[str]:
    if isinstance(error, ConfigurationError):
        return list(error.mistakes)
    if _is_interruption(error):
        line = "interrupted"
    elif isinstance(error, PulseError) and not isinstance(error, UnexpectedError):
        line = str(error)
    else:
        line = _explained(config, error) or _unexplained(error)
    return [line + _ending(config)]


def _is_interruption(error: BaseException) -> bool:
    return isinstance(error, KeyboardInterrupt) or (
        isinstance(error, (OSError, RuntimeError, duckdb.Error)) and is_interruption(error)
    )


def _explained(config: Path | None, error: BaseException) -> str | None:
    """Return the cause that the data folder shows, None if it shows none."""
    try:
        return damage.damage_line(error, load(config).data_dir) if config and isinstance(error, Exception) else None
    except Exception:  # noqa: BLE001 - without a cause the error itself is printed
        return None


def _unexplained(error: BaseException) -> str:
    text = " ".join(str(error).split())
    is_clear = text and isinstance(error, SELF_EXPLANATORY)
    line = text if is_clear else f"{type(error).__name__}: {text}".removesuffix(": ")
    return line if isinstance(error, OSError) else f"{line}; {terminal.DEBUG}=1 shows where"


def _ending(config: Path | None) -> str:
    """Return which version readers still get, empty if that cannot be told."""
    if config is None:
        return ""
    try:
        current = Warehouse.of(load(config)).current()
    except Exception:  # noqa: BLE001 - an error's line must not end in another error
        return ""
    return f"; last version {current} still served" if current else "; nothing is published"
