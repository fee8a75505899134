"""What several streams of learners may say of ids, and what names of zones may stand for (R3, R4)."""

import re
from importlib import resources
from pathlib import Path

import pytest

from tests.warehouse.configuration.bad_configurations import GOOD
from warehouse.configuration.configuration import Configuration, load
from warehouse.configuration.learners.zone_names import rails_zones
from warehouse.errors import ConfigurationError

USERS = GOOD[GOOD.index("[streams.users]") : GOOD.index("[streams.xp]")]
PLAIN = 'user_id = "id"'
IS_IANA = "is no IANA time zone, write one like"
LACKS = (
    "streams.{}.columns: user_id has no prefix, and that of streams.{} has; write one, as in "
    '{{ column = "id", prefix = "b:" }}'
)
BEGINS = 'streams.{}.columns: the prefix "{}" of user_id begins with "{}", that of streams.{}; an id could be of both'


def users(name: str, prefix: str | None = None, more: str = "") -> str:
    user_id = PLAIN if prefix is None else f'user_id = {{ column = "id", prefix = "{prefix}" }}'
    return USERS.replace(".users]", f".{name}]").replace(PLAIN, user_id).rstrip() + f"\n{more}\n"


def loaded(folder: Path, *streams: str) -> Configuration:
    path = folder / "pulse.toml"
    path.write_text(GOOD.replace(USERS, "\n".join(streams)), encoding="utf-8")
    return load(path)


def mistakes(folder: Path, *streams: str) -> list[str]:
    with pytest.raises(ConfigurationError) as raised:
        loaded(folder, *streams)
    return [line.removeprefix(f"{folder / 'pulse.toml'}: ") for line in raised.value.mistakes]


@pytest.mark.parametrize(
    "streams",
    [
        (users("a"), users("b")),
        (users("a", "x:"), users("b", "y:")),
        (users("a", more="merge = true"), users("b", more="merge = true")),
        (users("a", "x:", "merge = true"), users("b", "x:", "merge = true")),  # one platform, spelled by its prefix
        (users("a", "x:"),),
        (users("a", more="merge = true"),),
        (users("a", ""), users("b", "")),
    ],
)
def test_streams_of_learners_fit_together(streams: tuple[str, ...], tmp_path: Path) -> None:
    assert len(loaded(tmp_path, *streams).users_streams) == len(streams)


@pytest.mark.parametrize(
    ("streams", "expected"),
    [
        (
            (users("a", more="merge = true"), users("b"), users("c", "x:")),
            [f"streams.{n}.merge: streams.a is merged, so every stream of kind users says true here" for n in "bc"],
        ),
        ((users("a"), users("b", "x:"), users("c", "")), [LACKS.format("a", "b"), LACKS.format("c", "b")]),
        ((users("a", "x"), users("b", "xy")), [BEGINS.format("b", "xy", "x", "a")]),
        ((users("a", "xy"), users("b", "x")), [BEGINS.format("a", "xy", "x", "b")]),
        ((users("a", "x:"), users("b", "x:")), [BEGINS.format("b", "x:", "x:", "a")]),
        ((users("a", "AB-"), users("b", "ab-")), [BEGINS.format("b", "ab-", "AB-", "a")]),  # R26 folds UUIDs
        ((users("a", more='merge = "yes"'),), ["streams.a.merge: Input should be a valid boolean"]),
    ],
)
def test_streams_that_do_not_fit_are_a_mistake(streams: tuple[str, ...], expected: list[str], tmp_path: Path) -> None:
    assert mistakes(tmp_path, *streams) == expected


@pytest.mark.parametrize("key", ["merge = true", 'zone_names = "rails"'])
def test_only_streams_of_learners_have_their_keys(key: str, tmp_path: Path) -> None:
    path = tmp_path / "pulse.toml"
    path.write_text(GOOD.replace('kind = "xp"', f'kind = "xp"\n{key}'), encoding="utf-8")
    with pytest.raises(ConfigurationError) as raised:
        load(path)
    name = key.partition(" ")[0]
    assert raised.value.mistakes == (f"{path}: streams.xp.{name}: only a stream of kind users has it",)


def test_names_of_zones_are_those_of_rails_or_ones_own(tmp_path: Path) -> None:
    own = 'zone_names = { "Berlin time" = "Europe/Berlin", "" = "UTC" }'
    assert loaded(tmp_path, users("a", more=own)).zone_names == {"Berlin time": "Europe/Berlin", "": "UTC"}
    both = loaded(tmp_path, users("a", more=own), users("b", more='zone_names = "rails"')).zone_names
    assert both == {**rails_zones(), "Berlin time": "Europe/Berlin", "": "UTC"}
    assert loaded(tmp_path, users("a")).zone_names == {}


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ('"ruby"', 'streams.a.zone_names: write "rails", or a table such as { "Berlin time" = "Europe/Berlin" }'),
        ("1", 'streams.a.zone_names: write "rails", or a table such as { "Berlin time" = "Europe/Berlin" }'),
        ('{ Mars = "Mars/Phobos" }', f'streams.a.zone_names: "Mars/Phobos", for "Mars", {IS_IANA} "Europe/Berlin"'),
        ('{ case = "europe/berlin" }', f'streams.a.zone_names: "europe/berlin", for "case", {IS_IANA} "Europe/Berlin"'),
        ("{ number = 1 }", f'streams.a.zone_names: "1", for "number", {IS_IANA} "Europe/Berlin"'),
    ],
)
def test_a_name_that_means_no_zone_is_a_mistake(key: str, expected: str, tmp_path: Path) -> None:
    assert mistakes(tmp_path, users("a", more=f"zone_names = {key}")) == [expected]


def test_one_name_for_two_zones_is_a_mistake(tmp_path: Path) -> None:
    streams = users("a", more='zone_names = "rails"'), users("b", more='zone_names = { Hawaii = "UTC" }')
    expected = 'streams.b.zone_names: "Hawaii" is UTC here and Pacific/Honolulu in streams.a'
    assert mistakes(tmp_path, *streams) == [expected]


def test_keys_at_their_defaults_leave_the_fingerprint_as_it_is(tmp_path: Path) -> None:
    """R23: and it is another where a stream is merged."""
    plain, said = loaded(tmp_path, users("a")), loaded(tmp_path, users("a", more="merge = false\nzone_names = {}"))
    merged = loaded(tmp_path, users("a", more="merge = true"))
    assert plain.streams["a"].fingerprint == said.streams["a"].fingerprint != merged.streams["a"].fingerprint


def test_every_zone_of_rails_is_in_the_zone_data() -> None:
    """The source of the list is named in it; it has 152 names, and the ones that a person would look up."""
    known = (resources.files("tzdata") / "zones").read_text(encoding="utf-8").split()
    assert set(rails_zones().values()) <= set(known)
    assert len(rails_zones()) == 152
    assert all(re.fullmatch(r"[A-Z][A-Za-z .&()'-]+", name) for name in rails_zones())
    for name, zone in {
        "Eastern Time (US & Canada)": "America/New_York",
        "Nuku'alofa": "Pacific/Tongatapu",
        "St. Petersburg": "Europe/Moscow",
        "Kyiv": "Europe/Kiev",
        "UTC": "Etc/UTC",
    }.items():
        assert rails_zones()[name] == zone
