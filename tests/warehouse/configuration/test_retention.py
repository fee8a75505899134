"""Keys of a stream about long sessions, purged rows and instants that move: where they stand, and what they change."""

from pathlib import Path

import pytest

from warehouse.configuration.configuration import Configuration, load
from warehouse.errors import ConfigurationError

TEXT = """
[pulse]
first_day = 2026-06-01
[sources.platform]
url = "sqlite:///platform.db"
[streams.users]
kind = "users"
source = "platform"
table = "users"
columns = { user_id = "id" }
[streams.web]
kind = "sessions"
source = "platform"
table = "web"
columns = { event_id = "id", user_id = "user_id", started_at = "started_at" }
[streams.xp]
kind = "xp"
source = "platform"
table = "xp"
columns = { event_id = "id", user_id = "user_id", occurred_at = "at", amount = "amount" }
"""


def loaded(folder: Path, stream: str, *lines: str) -> Configuration:
    """Load a `pulse.toml` in which one stream says more."""
    file = folder / "pulse.toml"
    head = f"[streams.{stream}]\n"
    file.write_text(TEXT.replace(head, head + "".join(f"{line}\n" for line in lines)), encoding="utf-8")
    return load(file)


MISTAKES = {
    ("users", "keeps_days = 90"): "streams.users.keeps_days: it is for streams of events",
    ("users", "moves = true"): "streams.users.moves: it is for streams of events",
    ("users", 'longer_than_24h = "cap"'): "streams.users.longer_than_24h: it is for streams of kind sessions",
    ("xp", 'longer_than_24h = "quarantine"'): "streams.xp.longer_than_24h: it is for streams of kind sessions",
    ("web", 'longer_than_24h = "truncate"'): "streams.web.longer_than_24h: Input should be 'quarantine', 'cap'",
    ("web", "longer_than_24h = 24"): "streams.web.longer_than_24h: Input should be 'quarantine', 'cap'",
    ("xp", "keeps_days = 7"): "streams.xp.keeps_days: 7 has to be more than lookback_days (7)",
    ("xp", "keeps_days = 0"): "streams.xp.keeps_days: Input should be greater than or equal to 1",
    ("xp", "keeps_days = 90.5"): "streams.xp.keeps_days: Input should be a valid integer",
    ("xp", "keeps_days = true"): "streams.xp.keeps_days: Input should be a valid integer",
    ("xp", 'moves = "yes"'): "streams.xp.moves: Input should be a valid boolean",
}


@pytest.mark.parametrize(("what", "mistake"), MISTAKES.items(), ids=[" ".join(what) for what in MISTAKES])
def test_a_key_that_cannot_be_is_a_mistake_that_names_it(what: tuple[str, str], mistake: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        loaded(tmp_path, *what)
    assert mistake in str(caught.value)


def test_keeps_days_is_compared_with_the_lookback_that_the_file_has(tmp_path: Path) -> None:
    file = loaded(tmp_path, "xp", "keeps_days = 30").path
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("[pulse]", "[pulse]\nlookback_days = 30"), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"keeps_days: 30 has to be more than lookback_days \(30\)"):
        load(file)


def test_what_says_which_days_are_read_is_no_part_of_the_mapping(tmp_path: Path) -> None:
    """A landing made before keeps counting; a session that is judged otherwise does not."""
    plain = {name: stream.fingerprint for name, stream in loaded(tmp_path, "web").streams.items()}
    for lines in (("keeps_days = 90",), ("moves = true",), ('longer_than_24h = "quarantine"',)):
        assert loaded(tmp_path, "web", *lines).streams["web"].fingerprint == plain["web"]
    keys = ('longer_than_24h = "cap"', 'longer_than_24h = "no_length"')
    others = {loaded(tmp_path, "web", key).streams["web"].fingerprint for key in keys}
    assert len(others | {plain["web"]}) == 3
