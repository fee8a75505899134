"""The configuration file: every mistake is answered, all of them at once, and no answer holds a secret.

See docs/reference/configuration.md.

What the settings do is tested where they do it.
"""

import tomllib
from datetime import date
from pathlib import Path

import pytest

from tests.warehouse.configuration.bad_configurations import API_KEYS, GOOD, MISTAKES, NO_KEY_SET, SECRET
from warehouse.configuration.configuration import Configuration, Section, configuration_path, load
from warehouse.errors import ConfigurationError


@pytest.mark.parametrize(("change", "answer"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_answered_with_its_place_and_the_way_out(
    change: tuple[str, str], answer: str, tmp_path: Path
) -> None:
    assert mistakes(tmp_path, GOOD.replace(*change)) == [answer]


@pytest.mark.parametrize(
    "cron",
    ["at two", "0 2 * *", "0 2 * * * *", "60 2 * * *", "0 24 * * *", "0 2 0 * *", "0 2 * 13 *", "0 2 * * 8",
     "0 2 * * xyz", "*/0 2 * * *", "0-61 2 * * *", ", 2 * * *"],
)  # fmt: skip
def test_a_cron_line_that_would_never_run_is_a_mistake(cron: str, tmp_path: Path) -> None:
    answer = f'pulse.schedule.cron: "{cron}" is no cron line of five fields, write one like "0 2 * * *"'
    assert mistakes(tmp_path, with_schedule(cron)) == [answer]


@pytest.mark.parametrize("cron", ["0 2 * * *", "*/15 2,3 1-15 JAN-jun mon-fri", "59 23 31 12 7", "0 0-23/2 * * 0"])
def test_a_cron_line_that_runs_is_taken(cron: str, tmp_path: Path) -> None:
    assert read(tmp_path, with_schedule(cron)).pulse.schedule.cron == cron


TAKEN = ["activity", "ahead", "erasures", "sequence", "zones"]


@pytest.mark.parametrize("name", ["Users", "2fast", "a-b", '"größe"', *TAKEN, "a" * 64])
def test_a_stream_that_cannot_be_a_folder_of_the_lake_is_a_mistake(name: str, tmp_path: Path) -> None:
    answer = f"a stream is named with a-z, 0-9 and _, and not {TAKEN}"
    bare = name.strip('"')
    assert mistakes(tmp_path, GOOD.replace("[streams.xp]", f"[streams.{name}]")) == [f"streams.{bare}: {answer}"]


def test_at_least_one_stream_says_who_the_learners_are(tmp_path: Path) -> None:
    text = GOOD[: GOOD.index("[streams.users]")] + GOOD[GOOD.index("[streams.xp]") :]
    assert mistakes(tmp_path, text) == ['streams: at least one stream of kind "users" is needed, found 0']


def test_at_least_one_stream_has_events(tmp_path: Path) -> None:
    text = GOOD[: GOOD.index("[streams.xp]")] + GOOD[GOOD.index("[auth]") :]
    answer = "streams: at least one stream of a kind among xp, sessions, quizzes, daily is needed"
    assert mistakes(tmp_path, text) == [answer]


def test_every_mistake_is_in_one_message(tmp_path: Path) -> None:
    text = GOOD
    for name in ("no first_day", "a column that is not mapped", "HS256 with a key set"):
        text = text.replace(*MISTAKES[name][0])
    text = text.replace("sqlite:///platform.db", "${NOT_SET_HERE}").replace(SECRET, "short")
    assert set(mistakes(tmp_path, text)) == {
        "pulse.first_day: missing",
        'streams.xp.columns: no column is mapped to "amount"',
        "auth.jwks: HS256 has no key set, set auth.algorithms to some of RS256, ES256, EdDSA",
        "auth.secret.0: an HS256 secret needs at least 32 bytes, this one has fewer",
        "sources.platform.url: environment variable NOT_SET_HERE is not set",
    }


@pytest.mark.parametrize(
    "text",
    [
        "pulse = 3\nstreams = 4\nsources = [1]\nauth = true",
        "[[pulse]]\n[[streams]]\n[[sources]]",
        '[streams]\nusers = 1\nxp = ["a"]',
        GOOD.replace('kind = "xp"', 'kind = ["xp"]'),
        GOOD.replace('kind = "xp"', "kind = { a = 1 }").replace('table = "users"', "table = 7"),
        GOOD.replace('source = "platform"', "source = []"),
        "",
    ],
)
def test_any_shape_of_toml_is_answered_and_none_is_a_crash(text: str, tmp_path: Path) -> None:
    tomllib.loads(text)
    assert mistakes(tmp_path, text)


def test_what_is_no_toml_is_answered_with_its_line(tmp_path: Path) -> None:
    (answer,) = mistakes(tmp_path, GOOD.replace("first_day = 2026-06-01", "first_day = 2026-13-01"))
    assert answer.startswith("not readable as TOML: ")
    assert "line 3" in answer


def test_bytes_that_are_no_text_are_answered(tmp_path: Path) -> None:
    place = tmp_path / "pulse.toml"
    place.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="not readable as TOML"):
        load(place)


def test_a_file_that_is_not_there_is_named_with_the_way_out(tmp_path: Path) -> None:
    place = tmp_path / "nowhere.toml"
    with pytest.raises(ConfigurationError) as caught:
        load(place)
    assert caught.value.exit_code == 2
    assert str(caught.value) == (
        f"{place}: no such configuration file, name one with --config or PULSE_CONFIG, or try `pulse demo`"
    )


def test_the_file_is_the_argument_else_the_environments_else_pulse_toml(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PULSE_CONFIG", raising=False)
    assert configuration_path() == Path("pulse.toml")
    monkeypatch.setenv("PULSE_CONFIG", "there.toml")
    assert configuration_path() == Path("there.toml")
    assert configuration_path("here.toml") == Path("here.toml")


# --- the environment and its secrets --------------------------------------------------------------------------------


def test_names_are_replaced_by_the_environment_wherever_they_stand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULSE_TEST_HOST", "db.example")
    monkeypatch.setenv("PULSE_TEST_PASSWORD", "p${PULSE_TEST_HOST}")  # what it holds is not looked at again
    monkeypatch.setenv("PULSE_TEST_SECRET", SECRET)
    text = GOOD.replace("sqlite:///platform.db", "postgresql://me:${PULSE_TEST_PASSWORD}@${PULSE_TEST_HOST}/x")
    text = text.replace(f'"{SECRET}"', f'["${{PULSE_TEST_SECRET}}", "{SECRET}, the old one"]')
    found = read(tmp_path, text)
    assert found.sources["platform"].url == "postgresql://me:p${PULSE_TEST_HOST}@db.example/x"
    assert found.auth is not None
    assert found.auth.secrets == [SECRET, f"{SECRET}, the old one"]


def test_only_the_sections_in_use_need_their_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server needs no source passwords, the night no JWT secret."""
    monkeypatch.setenv("PULSE_TEST_SECRET", SECRET)
    text = GOOD.replace("sqlite:///platform.db", "${NOT_SET_HERE}").replace(SECRET, "${PULSE_TEST_SECRET}")
    place = write(tmp_path, text)
    served = load(place, uses=["auth"])
    assert served.sources["platform"].url == "${NOT_SET_HERE}"
    assert served.auth is not None
    assert served.auth.secrets == [SECRET]
    looked_at = load(place)
    assert looked_at.auth is not None
    assert looked_at.auth.secrets == ["${PULSE_TEST_SECRET}"]
    with pytest.raises(ConfigurationError, match=r"sources\.platform\.url: environment variable NOT_SET_HERE is not"):
        load(place, uses=["sources"])


def test_the_server_needs_the_environment_of_the_key_store_and_the_night_all_but_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = GOOD.replace("sqlite:///platform.db", "${PULSE_TEST_PLATFORM}") + API_KEYS.replace('"platform"', '"keys"')
    place = write(tmp_path, text + '[sources.keys]\nurl = "${PULSE_TEST_KEYS}"')
    commands: list[tuple[Section, str, str]] = [("auth", "keys", "platform"), ("sources", "platform", "keys")]
    for uses, name, other in commands:
        used, unused = f"PULSE_TEST_{name.upper()}", f"PULSE_TEST_{other.upper()}"
        monkeypatch.delenv(unused, raising=False)
        monkeypatch.delenv(used, raising=False)
        with pytest.raises(ConfigurationError) as caught:
            load(place, uses=[uses])
        assert caught.value.mistakes == (f"{place}: sources.{name}.url: environment variable {used} is not set",)
        monkeypatch.setenv(used, "sqlite:///found.db")
        found = load(place, uses=[uses]).sources
        assert (found[name].url, found[other].url) == ("sqlite:///found.db", f"${{{unused}}}")


def test_a_source_that_is_read_and_holds_the_keys_too_is_resolved_for_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULSE_TEST_PLATFORM", "sqlite:///found.db")
    place = write(tmp_path, GOOD.replace("sqlite:///platform.db", "${PULSE_TEST_PLATFORM}") + API_KEYS)
    assert load(place, uses=["auth"]).sources["platform"].url == "sqlite:///found.db"
    assert load(place, uses=["sources"]).sources["platform"].url == "sqlite:///found.db"


def test_a_key_set_may_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = GOOD.replace(f'secret = "{SECRET}"', 'algorithms = ["RS256", "ES256"]\njwks = "${PULSE_TEST_JWKS}"')
    place = write(tmp_path, text)
    assert load(place).auth is not None
    monkeypatch.setenv("PULSE_TEST_JWKS", "http://login.example/jwks")
    assert mistakes(tmp_path, text) == [f"auth.jwks: {NO_KEY_SET}"]
    monkeypatch.setenv("PULSE_TEST_JWKS", "https://login.example:8443/jwks?of=us")
    auth = load(place, uses=["auth"]).auth
    assert auth is not None
    assert (auth.jwks, auth.secrets) == ("https://login.example:8443/jwks?of=us", [])


def test_a_short_secret_from_the_environment_is_a_mistake_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULSE_TEST_SECRET", "short")
    answer = "auth.secret.0: an HS256 secret needs at least 32 bytes, this one has fewer"
    assert mistakes(tmp_path, GOOD.replace(SECRET, "${PULSE_TEST_SECRET}")) == [answer]


def test_the_server_needs_auth_and_the_night_does_not(tmp_path: Path) -> None:
    text = GOOD[: GOOD.index("[auth]")]
    assert mistakes(tmp_path, text) == ["auth: missing, the server needs [auth] with a secret or a key set"]
    assert load(write(tmp_path, text), uses=["sources"]).auth is None


def test_no_message_holds_a_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is wrong around it, and also where the secret itself is what is wrong."""
    password, short, long = "hunter2-of-the-source", "hunter2-short", "hunter2-that-is-longer-than-32-bytes"
    monkeypatch.setenv("PULSE_TEST_URL", f"postgresql://me:{password}@db.example/x")
    text = GOOD.replace('url = "sqlite:///platform.db"', 'url = "${PULSE_TEST_URL}"\npassword = "hunter2-in-the-file"')
    text = text.replace(f'secret = "{SECRET}"', f'secret = ["{short}", "{long}", 5]\njwt = "{long}"\nuser_claim = ""')
    found = "\n".join(mistakes(tmp_path, text.replace("[pulse]", "[pulse]\nkeep_versions = 0")))
    assert "auth.secret.0" in found
    assert "auth.secret.2" in found
    assert "hunter2" not in found


# --- what becomes of it ---------------------------------------------------------------------------------------------


def test_what_is_not_written_is_as_the_page_says(tmp_path: Path) -> None:
    pulse = read(tmp_path, GOOD).pulse
    assert pulse.first_day == date(2026, 6, 1)
    assert (pulse.lookback_days, pulse.default_timezone, pulse.level_metric) == (7, "UTC", "xp_earned")
    assert (pulse.min_active_days, pulse.quarantine_budget, pulse.keep_versions) == (5, 0.01, 7)
    assert (pulse.schedule.cron, pulse.schedule.timezone) == ("0 2 * * *", "UTC")


def test_data_dir_is_relative_to_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "etc").mkdir()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert read(tmp_path / "etc", GOOD).data_dir == tmp_path / "etc" / "var"
    moved = GOOD.replace("[pulse]", '[pulse]\ndata_dir = "../data"')
    assert read(tmp_path / "etc", moved).data_dir == tmp_path / "data"
    absolute = GOOD.replace("[pulse]", f'[pulse]\ndata_dir = "{tmp_path}/abs"')
    assert read(tmp_path / "etc", absolute).data_dir == tmp_path / "abs"
    write(elsewhere, GOOD)
    assert load(Path("pulse.toml")).data_dir == elsewhere / "var"


@pytest.mark.parametrize(
    "change",
    [
        ('amount = "amount"', 'amount = "points"'),
        ('table = "xp_events"', 'table = "public.xp_events"'),
        ("[streams.xp]", '[streams.xp]\ntimezone = "Asia/Tokyo"'),
        ('amount = "amount"', 'amount = "amount", updated_at = "updated_at"'),
    ],
)
def test_another_mapping_is_another_fingerprint(change: tuple[str, str], tmp_path: Path) -> None:
    """R23: what landed under another mapping is extracted again."""
    before, after = read(tmp_path, GOOD), read(tmp_path, GOOD.replace(*change))
    assert before.streams["xp"].fingerprint != after.streams["xp"].fingerprint
    assert before.streams["users"].fingerprint == after.streams["users"].fingerprint


def test_a_new_password_or_another_stream_is_no_other_mapping(tmp_path: Path) -> None:
    changed = GOOD.replace("platform.db", "moved.db").replace('{ user_id = "id" }', '{ user_id = "key" }')
    before, after = read(tmp_path, GOOD), read(tmp_path, changed)
    assert before.sources != after.sources
    assert before.streams["xp"].fingerprint == after.streams["xp"].fingerprint
    reordered = GOOD.replace('event_id = "id", user_id = "user_id"', 'user_id = "user_id", event_id = "id"')
    assert read(tmp_path, reordered).streams["xp"].fingerprint == before.streams["xp"].fingerprint


def write(folder: Path, text: str) -> Path:
    place = folder / "pulse.toml"
    place.write_text(text, encoding="utf-8")
    return place


def read(folder: Path, text: str) -> Configuration:
    return load(write(folder, text), uses=["sources", "auth"])


def with_schedule(cron: str) -> str:
    return GOOD.replace("[sources.", f'[pulse.schedule]\ncron = "{cron}"\n[sources.')


def mistakes(folder: Path, text: str) -> list[str]:
    """Every mistake that is found in a text, without the file's name, which each begins with."""
    place = write(folder, text)
    with pytest.raises(ConfigurationError) as caught:
        load(place, uses=["sources", "auth"])
    assert all(line.startswith(f"{place}: ") for line in caught.value.mistakes)
    assert str(caught.value) == "\n".join(caught.value.mistakes)
    return [line.removeprefix(f"{place}: ") for line in caught.value.mistakes]
