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
# What the system, a library or a database says for itself, without our adding of what kind it is.
SPEAKING = (OSError, RuntimeError, duckdb.Error, UnexpectedError)


def failed(config: Path | None, error: BaseException) -> int:
    """Say what went wrong, and return the exit code.

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
    """Look into the data folder for what the failure comes from; looking may fail in its turn."""
    try:
        return damage.described(error, load(config).data_dir) if config and isinstance(error, Exception) else None
    except Exception:  # noqa: BLE001 - what is not found out is said as it is
        return None


def _unexplained(error: BaseException) -> str:
    text = " ".join(str(error).split())
    said = text if text and isinstance(error, SPEAKING) else f"{type(error).__name__}: {text}".removesuffix(": ")
    return said if isinstance(error, OSError) else f"{said}; {terminal.DEBUG}=1 shows where"


def _ending(config: Path | None) -> str:
    """Return which version readers still get, empty if that cannot be told."""
    if config is None:
        return ""
    try:
        current = Warehouse.of(load(config)).current()
    except Exception:  # noqa: BLE001 - an error's line must not end in another error
        return ""
    return f"; last version {current} still served" if current else "; nothing is published"
