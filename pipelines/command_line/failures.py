"""How a failure becomes an exit code and one line on standard error, whatever it was and whatever else is broken."""

import signal
import sys
import traceback
from argparse import Namespace

import duckdb

from pipelines.command_line import terminal
from pipelines.command_line.commands import configuration_of, still_served
from warehouse.condition import damage
from warehouse.engine import is_interruption
from warehouse.errors import ConfigurationError, PulseError, UnexpectedError

INTERRUPTED = 128 + signal.SIGINT
# What the system, a library or a database says for itself, without our adding of what kind it is.
SPEAKING = (OSError, RuntimeError, duckdb.Error, UnexpectedError)


def failed(words: Namespace, error: BaseException) -> int:
    """Say what went wrong, and return the exit code.

    Args:
        words: what was typed.
        error: what ended the command.
    """
    if terminal.is_debugging():
        traceback.print_exception(error)
    for line in _lines(words, error):
        print(f"pulse: {terminal.plain(' '.join(line.splitlines()))}", file=sys.stderr)
    if _is_interruption(error):
        return INTERRUPTED
    return error.exit_code if isinstance(error, PulseError) else PulseError.exit_code


def _lines(words: Namespace, error: BaseException) -> list[str]:
    if isinstance(error, ConfigurationError):
        return list(error.mistakes)
    if _is_interruption(error):
        line = "interrupted"
    elif isinstance(error, PulseError) and not isinstance(error, UnexpectedError):
        line = str(error)
    else:
        line = _explained(words, error) or _unexplained(error)
    return [line + _ending(words)]


def _is_interruption(error: BaseException) -> bool:
    return isinstance(error, KeyboardInterrupt) or (
        isinstance(error, (OSError, RuntimeError, duckdb.Error)) and is_interruption(error)
    )


def _explained(words: Namespace, error: BaseException) -> str | None:
    """Look into the data folder for what the failure comes from; looking may fail in its turn."""
    try:
        return damage.described(error, configuration_of(words).data_dir) if isinstance(error, Exception) else None
    except Exception:  # noqa: BLE001 - what is not found out is said as it is
        return None


def _unexplained(error: BaseException) -> str:
    text = " ".join(str(error).split())
    said = text if text and isinstance(error, SPEAKING) else f"{type(error).__name__}: {text}".removesuffix(": ")
    return said if isinstance(error, OSError) else f"{said}; {terminal.DEBUG}=1 shows where"


def _ending(words: Namespace) -> str:
    try:
        return still_served(words)
    except Exception:  # noqa: BLE001 - an error's line must not end in another error
        return ""
