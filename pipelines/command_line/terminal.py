"""Standard output and standard error of a command, to a terminal, a pipe or a file: writing never ends a command.

Whoever reads may not know our characters, may have gone away, or may sit on a full disk. What is written then is lost,
and remembered as lost; the run goes on. A command whose purpose is its output asks afterwards (`lost_output`).
"""

import errno
import logging
import os
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

DEBUG = "PULSE_DEBUG"  # set to anything: tracebacks are shown, and what libraries warn of
GONE = {errno.EPIPE, errno.EBADF}
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # but tabs and ends of lines
UNKNOWN_CHARACTERS = "backslashreplace"  # what becomes of a character that the terminal does not have


class Output:
    """Standard output or standard error, around a stream that may fail at any write.

    Args:
        stream: what is written to; None where the process was started with it closed.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self.lost: OSError | None = None
        if stream is None:
            self.lost = OSError(errno.EBADF, "it is closed")
        elif reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(errors=UNKNOWN_CHARACTERS)

    def write(self, text: str) -> int:
        """Write a text, or lose it."""
        self._try(lambda stream: stream.write(text))
        return len(text)

    def flush(self) -> None:
        """Bring to the reader what has been written, or lose it."""
        self._try(lambda stream: stream.flush())

    def isatty(self) -> bool:
        """Tell whether it is a terminal."""
        return self._stream is not None and self._stream.isatty()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever else the stream has, such as its encoding
        if self._stream is None:
            raise AttributeError(name)
        return getattr(self._stream, name)

    def _try(self, what: Callable[[TextIO], object]) -> None:
        """Do it unless the reader has gone for good; a disk that is full may have room again."""
        if self._stream is None or (self.lost is not None and self.lost.errno in GONE):
            return
        try:
            what(self._stream)
        except ValueError as error:
            self.lost = OSError(errno.EBADF, str(error))
        except OSError as error:
            self.lost = error

    def end(self) -> None:
        """Write what is left; if that fails, let Python's own attempt at the end of the process go nowhere."""
        self.flush()
        if self._stream in {sys.__stdout__, sys.__stderr__} and self._stream is not None and self.lost is not None:
            nothing = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nothing, self._stream.fileno())
            os.close(nothing)


@contextmanager
def never_failing_outputs() -> Iterator[None]:
    """Put an `Output` in the place of standard output and standard error, for the length of the block."""
    before = sys.stdout, sys.stderr
    outputs = Output(sys.stdout), Output(sys.stderr)
    sys.stdout, sys.stderr = outputs
    try:
        yield
    finally:
        for output in outputs:
            output.end()
        sys.stdout, sys.stderr = before


def lost_output() -> OSError | None:
    """Return why something that a command has printed did not reach its reader, None if all of it did."""
    sys.stdout.flush()
    lost: OSError | None = getattr(sys.stdout, "lost", None)
    return lost


def plain(text: str) -> str:
    """Return a text that moves no cursor and changes no colour: a configuration may hold any character."""
    return CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", text)


def is_debugging() -> bool:
    """Tell whether tracebacks and libraries' warnings are shown."""
    return bool(os.environ.get(DEBUG))


def encoding() -> str:
    """Return the `PYTHONIOENCODING` with which a child process writes as this one does."""
    return f"{getattr(sys.stdout, 'encoding', None) or 'ascii'}:{UNKNOWN_CHARACTERS}"


def prepare_process() -> None:
    """Set up a whole process of ours: its encoding, its descriptors, and no warnings of libraries."""
    _restart_in_utf8_mode()
    _occupy_standard_descriptors()
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # nothing of ours uses them, and short of memory it complains
    if not is_debugging() and not sys.warnoptions:
        warnings.simplefilter("ignore")
        logging.getLogger().addHandler(logging.NullHandler())  # or what libraries log goes to standard error


def _restart_in_utf8_mode() -> None:
    """Begin again in Python's UTF-8 mode where the locale is another: names of files and arguments are UTF-8.

    What is written to the terminal keeps the terminal's own encoding.
    """
    if sys.getfilesystemencoding().lower() in {"utf-8", "utf8"}:
        return
    os.environ["PYTHONIOENCODING"] = encoding()
    os.environ["PYTHONUTF8"] = "1"
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - the same command once more


def _occupy_standard_descriptors() -> None:
    """Let no file of ours get the number of a standard stream that is closed: what others print would go into it."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free
