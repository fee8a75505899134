"""What texts mean that SQLite and DuckDB ask us about, as they know no instants in texts: the same as when they land.

SQLite also has values that are no texts. It hands them over as it stores them, and `of_storage` makes texts of them.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta

from assets.step1_extract.values.mapped_values import EPOCH, read_epoch_or_text
from assets.step1_extract.values.values import read_date, read_instant
from warehouse.configuration.formats import InstantFormat
from warehouse.configuration.roles import Unit


def is_unreadable_instant(value: str | None) -> bool:
    """Say whether a text is no instant that `read_instant` reads."""
    return _is_unreadable(value, lambda text: read_instant(text, "UTC"))


def is_no_date(value: str | None) -> bool:
    """Say whether a text is no date that `read_date` reads."""
    return _is_unreadable(value, read_date)


def is_not_of_format(value: str | None, format_of: str) -> bool:
    """Say whether a text is no instant of a format."""
    return _is_unreadable(value, lambda text: InstantFormat.of(format_of).read(text, "UTC"))


# What both may ask, by the name that they know, with how many texts they give.
QUESTIONS: Mapping[str, tuple[Callable[..., bool], int]] = {
    "is_unreadable_instant": (is_unreadable_instant, 1),
    "is_no_date": (is_no_date, 1),
    "is_not_of_format": (is_not_of_format, 2),
}


def of_storage(question: Callable[..., bool], encoding: str) -> Callable[..., bool]:
    """Return what answers a question about a value as SQLite stores it; what is no text is none.

    Args:
        question: one of `QUESTIONS`.
        encoding: that of the database's texts, `UTF-8`, `UTF-16le` or `UTF-16be`.

    Returns:
        A function of the value as a blob, its storage class (SQLite's `typeof`), and further texts.
    """

    def answer(value: bytes | None, storage: str, *texts: str) -> bool:
        if value is None or storage != "text":
            return True
        try:
            return question(value.decode(encoding), *texts)
        except UnicodeDecodeError:
            return True

    return answer


def _is_unreadable(value: str | None, read: Callable[[str], object]) -> bool:
    if value is None:
        return True
    try:
        read(value)
    except ValueError:
        return True
    return False


def epoch_microseconds(value: str | None, unit: Unit) -> int | None:
    """Return the instant of a text that counts since 1970, or is one in ISO 8601, in microseconds; None if it is none.

    Args:
        value: the text.
        unit: what it counts.
    """
    if value is None:
        return None
    try:
        return (read_epoch_or_text(value, unit) - EPOCH) // timedelta(microseconds=1)
    except ValueError:
        return None
