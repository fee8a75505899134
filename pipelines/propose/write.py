"""The proposal as the text of a `pulse.toml`: a line for each key, and beside it how sure it is.

Names may hold any character. As strings of TOML they are escaped, in comments they are one line. Of a sample no value
is written but days, and words of states that everybody uses.
"""

import json
import re
from collections.abc import Iterator, Mapping
from textwrap import wrap

from pipelines.propose.guess.proposal import Guess, Proposal, ProposedStream, Value
from pipelines.propose.look.tables import shown

JWT_SECRET = "${PULSE_JWT_SECRET}"  # noqa: S105 - what stands for it
BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
COMMENTS_FROM = 40
WIDTH = 120


def text_of(proposal: Proposal) -> str:
    """Return the text of a configuration file."""
    lines = [
        *_wrapped(
            "Proposed by `pulse init`, which has looked at names, types, keys and a sample of rows. "
            "Every line says how sure it is. What is marked `check` would give wrong numbers if it were wrong."
        ),
        "",
        "[pulse]",
        'data_dir = "var"',
        _line("first_day", str(proposal.first_day.value), proposal.first_day),
        "",
        "[sources.platform]",
        f"url = {toml(proposal.url)}",
    ]
    for stream in proposal.streams:
        lines += ["", *_stream(stream)]
    lines += ["", "[auth]", f'secret = "{JWT_SECRET}"', *_left_out(proposal.left_out)]
    return "\n".join(lines) + "\n"


def toml(value: Value) -> str:
    """Return a value as TOML spells it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{_key(key)} = {toml(inner)}' for key, inner in value.items())} }}"
    if isinstance(value, int | float):
        return str(value)
    return f"[{', '.join(toml(inner) for inner in value)}]"


def _stream(stream: ProposedStream) -> Iterator[str]:
    yield _line(f"[streams.{stream.name}]", None, stream.guess)
    yield from (line for remark in stream.remarks for line in _wrapped(remark))
    yield f"kind = {toml(stream.kind)}"
    yield 'source = "platform"'
    yield f"table = {toml(stream.table)}" if stream.query is None else f"query = {_text(stream.query)}"
    if stream.where:
        yield "where = ["
        yield from (_line(f"    {toml(guess.value)},", None, guess) for guess in stream.where)
        yield "]"
    yield f"[streams.{stream.name}.columns]"
    yield from (_line(role, toml(guess.value), guess) for role, guess in stream.columns.items())


def _line(key: str, value: str | None, guess: Guess) -> str:
    """Return a line with its comment beside it, or above it where that would be too long."""
    text = key if value is None else f"{key} = {value}"
    comment = f"{guess.sureness}: {_one_line(guess.reason)}"
    beside = f"{text:<{COMMENTS_FROM}} # {comment}"
    if len(beside) <= WIDTH:
        return beside
    indent = re.match(" *", text)[0]  # type: ignore[index] # it matches anything
    return "\n".join([*(f"{indent}{line}" for line in _wrapped(comment)), text])


def _left_out(left_out: Mapping[str, str]) -> Iterator[str]:
    if left_out:
        yield ""
        yield "# Looked at and left out:"
        yield from (f"# - {shown(name)}: {_one_line(reason)}" for name, reason in sorted(left_out.items()))


def _wrapped(text: str) -> list[str]:
    return [f"# {line}" for line in wrap(_one_line(text), WIDTH - len("# "))]


def _one_line(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)


def _key(key: str) -> str:
    return key if BARE_KEY.fullmatch(key) else _string(key)


def _text(text: str) -> str:
    """Return a text as several lines where nothing in it could end them."""
    lines = [line.rstrip() for line in text.split("\n")]
    is_plain = not re.search(r'""|\\|[^ -~]', "".join(lines))
    return "\n".join(['"""', *lines, '"""']) if is_plain else _string(text)


def _string(text: str) -> str:
    """Return a basic string: JSON's, whose escapes are TOML's, but for the one control character that JSON leaves."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
