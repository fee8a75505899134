"""The configuration file: every mistake is answered, all of them at once, and no answer holds a secret.

See docs/reference/configuration.md.

What the settings do is tested where they do it.
"""

import tomllib
from datetime import date
from pathlib import Path

import pytest

from warehouse.configuration.configuration import Configuration, Section, configuration_path, load
from warehouse.errors import ConfigurationError

SECRET = "a secret of the tests, longer than 32 bytes"
GOOD = f"""
[pulse]
first_day = 2026-06-01

[sources.platform]
url = "sqlite:///platform.db"

[streams.users]
kind = "users"
source = "platform"
table = "users"
columns = {{ user_id = "id" }}

[streams.xp]
kind = "xp"
source = "platform"
table = "xp_events"
columns = {{ event_id = "id", user_id = "user_id", occurred_at = "created_at", amount = "amount" }}

[auth]
secret = "{SECRET}"
"""
USERS_ROLES = "user_id, username, timezone, is_public, deleted_at, is_deleted"
COINS = '[streams.coins]\nkind = "coins"\nsource = "platform"\ntable = "coins"\ncolumns = {}'

NO_KEY_SET = "a key set is a file or an https URL without a password, such as https://login.example/jwks"
API_KEYS = """
[auth.api_keys]
source = "platform"
table = "api_keys"
columns = { key_hash = "sha256", user_id = "user_id" }
"""


def with_keys(old: str = "", new: str = "") -> tuple[str, str]:
    """Put API keys behind everything else, with one thing in them written otherwise."""
    return f'secret = "{SECRET}"\n', f'secret = "{SECRET}"\n{API_KEYS.replace(old, new)}'


# what is written instead of what, and the one line that must answer it
MISTAKES = {
    "unknown key at the top": (
        ("[pulse]", "surprise = 1\n[pulse]"),
        "surprise: unknown key",
    ),
    "a switch for a share": (  # FAULTS 82: it would be 1, and let everything through
        ("[pulse]", "[pulse]\nshrink_budget = true"),
        "pulse.shrink_budget: Input should be a valid number",
    ),
    "a switch for a number": (
        ("[pulse]", "[pulse]\nkeep_versions = true"),
        "pulse.keep_versions: Input should be a valid integer",
    ),
    "a text for a number": (
        ("[pulse]", '[pulse]\nlookback_days = "7"'),
        "pulse.lookback_days: Input should be a valid integer",
    ),
    "a word for a switch": (
        ("[pulse]", '[pulse]\nlaunchpad_accepts = "yes"'),
        "pulse.launchpad_accepts: Input should be a valid boolean",
    ),
    "a switch for a time": (
        ('url = "sqlite:///platform.db"', 'url = "sqlite:///platform.db"\nstatement_timeout_seconds = true'),
        "sources.platform.statement_timeout_seconds: true and false are no numbers",
    ),
    "a switch for a size": (
        ("[auth]", "[serve]\ncache_mb = true\n[auth]"),
        "serve.cache_mb: true and false are no numbers",
    ),
    "a port with a host": (
        ("[pulse]", '[pulse]\nui_hosts = ["a:80"]'),
        'pulse.ui_hosts.0: "a:80" is no name of a host, write one like "pulse.example.com", without scheme and port',
    ),
    "a proxy that is everybody": (
        ("[auth]", '[serve]\ntrusted_proxies = ["0.0.0.0/0"]\n[auth]'),
        (
            'serve.trusted_proxies.0: "0.0.0.0/0" is everybody, who then says who they are; name your proxies, such as '
            '"10.0.0.0/8"'
        ),
    ),
    "a stream twice": (  # under another name, and in another zone
        (
            "[auth]",
            """[streams.bonus]
kind = "xp"
source = "platform"
table = "xp_events"
timezone = "Europe/Berlin"
columns = { user_id = "user_id", event_id = "id", amount = "amount", occurred_at = "created_at" }
[auth]""",
        ),
        "streams.bonus: it reads the rows of streams.xp, which would count twice; delete one",
    ),
    "unknown section": (
        ("[auth]", "[weather]\n[auth]"),
        "weather: unknown key",
    ),
    "unknown key in a section": (
        ("[pulse]", '[pulse]\ncolour = "red"'),
        "pulse.colour: unknown key",
    ),
    "unknown key in the schedule": (
        ("[sources.", "[pulse.schedule]\nday = 1\n[sources."),
        "pulse.schedule.day: unknown key",
    ),
    "unknown key in a source": (
        ("[streams.users]", 'user = "me"\n[streams.users]'),
        "sources.platform.user: unknown key",
    ),
    "unknown key in a stream": (
        ("[streams.xp]", "[streams.xp]\nlimit = 1"),
        "streams.xp.limit: unknown key",
    ),
    "a key that only the program uses, at the top": (
        ("[pulse]", 'path = "/etc"\n[pulse]'),
        "path: unknown key",
    ),
    "a key that only the program uses, in a stream": (
        ("[streams.xp]", '[streams.xp]\nname = "other"'),
        "streams.xp.name: unknown key",
    ),
    "a proxy that is no address": (
        ("[auth]", '[serve]\ntrusted_proxies = ["nginx"]\n[auth]'),
        'serve.trusted_proxies.0: "nginx" is no address and no network, write one like "10.0.0.7" or "10.0.0.0/8"',
    ),
    "a network with a host in it": (
        ("[auth]", '[serve]\ntrusted_proxies = ["10.0.0.0/8", "10.0.0.1/8"]\n[auth]'),
        'serve.trusted_proxies.1: "10.0.0.1/8" is no address and no network, write one like "10.0.0.7" or "10.0.0.0/8"',
    ),
    "any origin": (
        ("[auth]", '[serve]\ncors_origins = ["*"]\n[auth]'),
        'serve.cors_origins.0: "*" is no origin as browsers send it, write one like "https://www.example.com"',
    ),
    "an origin with a path": (
        ("[auth]", '[serve]\ncors_origins = ["https://www.example.com/"]\n[auth]'),
        (
            'serve.cors_origins.0: "https://www.example.com/" is no origin as browsers send it, '
            'write one like "https://www.example.com"'
        ),
    ),
    "an origin with the port that goes without saying": (
        ("[auth]", '[serve]\ncors_origins = ["https://a.example:443"]\n[auth]'),
        (
            'serve.cors_origins.0: "https://a.example:443" is no origin as browsers send it, '
            'write one like "https://www.example.com"'
        ),
    ),
    "the origin of a page without one": (
        ("[auth]", '[serve]\ncors_origins = ["null"]\n[auth]'),
        'serve.cors_origins.0: "null" is no origin as browsers send it, write one like "https://www.example.com"',
    ),
    "a short ops token, which is not repeated": (
        ("[auth]", '[serve]\nops_token = "hunter2"\n[auth]'),
        "serve.ops_token: a token has at least 16 characters of A-Z, a-z, 0-9 and ._~+/=-",
    ),
    "a rate without a number": (
        ("[auth]", '[serve]\nrate_limit = "often"\n[auth]'),
        'serve.rate_limit: "often" is no rate per second, minute, hour or day, write one like "120/minute"',
    ),
    "a rate of nothing": (
        ("[auth]", '[serve]\nrate_limit_refused = "0/minute"\n[auth]'),
        'serve.rate_limit_refused: "0/minute" is no rate per second, minute, hour or day, write one like "120/minute"',
    ),
    "a storage of limits that we do not know, which may hold a password": (
        ("[auth]", '[serve]\nrate_limit_storage = "mysql://me:secret@host"\n[auth]'),
        (
            'serve.rate_limit_storage: no storage of limits that we know, write "memory://" or one like '
            '"redis://host:6379/0"'
        ),
    ),
    "no age at which it is stale": (
        ("[auth]", "[serve]\nmax_age_hours = 0\n[auth]"),
        "serve.max_age_hours: Input should be greater than 0",
    ),
    "a week that starts on another day": (
        ("[auth]", '[serve]\nweek_start = "saturday"\n[auth]'),
        "serve.week_start: Input should be 'sunday' or 'monday'",
    ),
    "frame ancestors that end the policy": (
        ("[auth]", '[serve]\nframe_ancestors = "https://a.example; script-src *"\n[auth]'),
        (
            'serve.frame_ancestors: "https://a.example; script-src *" is no list of frame ancestors, '
            "write \"'none'\" or one like \"'self' https://a.b\""
        ),
    ),
    "a cache smaller than nothing": (
        ("[auth]", "[serve]\ncache_mb = -1\n[auth]"),
        "serve.cache_mb: Input should be greater than or equal to 0",
    ),
    "HS256 with a key set": (
        ("[auth]", '[auth]\njwks = "jwks.json"'),
        "auth.jwks: HS256 has no key set, set auth.algorithms to some of RS256, ES256, EdDSA",
    ),
    "RS256 without a key set": (
        ("[auth]", '[auth]\nalgorithms = ["RS256"]'),
        "auth.jwks: missing, RS256 needs a file or an https URL",
    ),
    "HS256 beside another algorithm": (
        ("[auth]", '[auth]\nalgorithms = ["HS256", "EdDSA"]\njwks = "jwks.json"'),
        "auth.algorithms: HS256 cannot stand beside EdDSA, it has a secret and not a key set",
    ),
    "an unknown algorithm": (
        ("[auth]", '[auth]\nalgorithms = ["HS256", "none"]'),
        "auth.algorithms.1: Input should be 'HS256', 'RS256', 'ES256' or 'EdDSA'",
    ),
    "no algorithm": (
        ("[auth]", "[auth]\nalgorithms = []"),
        "auth.algorithms: List should have at least 1 item after validation, not 0",
    ),
    "a key set over http": (
        ("[auth]", '[auth]\nalgorithms = ["RS256"]\njwks = "http://login.example/jwks"'),
        f"auth.jwks: {NO_KEY_SET}",
    ),
    "a key set over http on this machine": (
        ("[auth]", '[auth]\nalgorithms = ["RS256"]\njwks = "http://127.0.0.1:8080/jwks"'),
        f"auth.jwks: {NO_KEY_SET}",
    ),
    "a key set behind a password": (
        ("[auth]", '[auth]\nalgorithms = ["RS256"]\njwks = "https://me:hunter2@login.example/jwks"'),
        f"auth.jwks: {NO_KEY_SET}",
    ),
    "a key set at no host": (
        ("[auth]", '[auth]\nalgorithms = ["RS256"]\njwks = "https:///jwks"'),
        f"auth.jwks: {NO_KEY_SET}",
    ),
    "a key set at a file URL": (
        ("[auth]", '[auth]\nalgorithms = ["RS256"]\njwks = "file:///etc/jwks.json"'),
        f"auth.jwks: {NO_KEY_SET}",
    ),
    "an empty key set": (
        ("[auth]", '[auth]\nalgorithms = ["RS256"]\njwks = ""'),
        "auth.jwks: String should have at least 1 character",
    ),
    "API keys of a source that is not there": (
        with_keys('source = "platform"', 'source = "keys"'),
        'auth.api_keys.source: unknown source "keys", there is no [sources.keys]',
    ),
    "API keys without a source": (
        with_keys('source = "platform"\n', ""),
        "auth.api_keys.source: missing",
    ),
    "API keys without a table": (
        with_keys('table = "api_keys"\n', ""),
        "auth.api_keys.table: missing",
    ),
    "API keys without columns": (
        with_keys('columns = { key_hash = "sha256", user_id = "user_id" }\n', ""),
        "auth.api_keys.columns: missing",
    ),
    "API keys without a hash": (
        with_keys('key_hash = "sha256", ', ""),
        "auth.api_keys.columns.key_hash: missing",
    ),
    "API keys without a learner": (
        with_keys(', user_id = "user_id"', ""),
        "auth.api_keys.columns.user_id: missing",
    ),
    "a role that API keys do not have": (
        with_keys('"user_id" }', '"user_id", key = "key" }'),
        "auth.api_keys.columns.key: unknown key",
    ),
    "an unknown key of API keys": (
        with_keys("[auth.api_keys]", '[auth.api_keys]\nheader = "X-Key"'),
        "auth.api_keys.header: unknown key",
    ),
    "a prefix with a comma": (
        with_keys("[auth.api_keys]", '[auth.api_keys]\nprefix = "a,b"'),
        "auth.api_keys.prefix: a prefix has up to 64 visible ASCII characters and no comma",
    ),
    "a scope and no column of scopes": (
        with_keys("[auth.api_keys]", '[auth.api_keys]\nrequired_scope = "pulse:read"'),
        'auth.api_keys.columns: no column is mapped to "scopes", which required_scope needs',
    ),
    "no first_day": (
        ("first_day = 2026-06-01", ""),
        "pulse.first_day: missing",
    ),
    "a date that does not exist": (
        ("2026-06-01", '"2026-02-30"'),
        'pulse.first_day: "2026-02-30" is no date, write one like 2025-01-01',
    ),
    "a text for a date": (
        ("2026-06-01", '"yesterday"'),
        'pulse.first_day: "yesterday" is no date, write one like 2025-01-01',
    ),
    "a number for a date": (
        ("2026-06-01", "1767225600"),
        'pulse.first_day: "1767225600" is no date, write one like 2025-01-01',
    ),
    "a negative lookback": (
        ("[pulse]", "[pulse]\nlookback_days = -1"),
        "pulse.lookback_days: Input should be greater than or equal to 0",
    ),
    "no active days": (
        ("[pulse]", "[pulse]\nmin_active_days = 0"),
        "pulse.min_active_days: Input should be greater than or equal to 1",
    ),
    "a negative budget": (
        ("[pulse]", "[pulse]\nquarantine_budget = -0.01"),
        "pulse.quarantine_budget: Input should be greater than or equal to 0",
    ),
    "a budget of more than everything": (
        ("[pulse]", "[pulse]\nquarantine_budget = 1.1"),
        "pulse.quarantine_budget: Input should be less than or equal to 1",
    ),
    "no version kept": (
        ("[pulse]", "[pulse]\nkeep_versions = 0"),
        "pulse.keep_versions: Input should be greater than or equal to 1",
    ),
    "an unknown metric": (
        ("[pulse]", '[pulse]\nlevel_metric = "coins"'),
        "pulse.level_metric: Input should be 'xp_earned' or 'learning_time'",
    ),
    "a default zone that is none": (
        ("[pulse]", '[pulse]\ndefault_timezone = "Mars/Phobos"'),
        'pulse.default_timezone: "Mars/Phobos" is no IANA time zone, write one like "Europe/Berlin"',
    ),
    "a schedule's zone in other letters": (
        ("[sources.", '[pulse.schedule]\ntimezone = "europe/berlin"\n[sources.'),
        'pulse.schedule.timezone: "europe/berlin" is no IANA time zone, write one like "Europe/Berlin"',
    ),
    "a stream's zone that is an offset": (
        ("[streams.xp]", '[streams.xp]\ntimezone = "+02:00"'),
        'streams.xp.timezone: "+02:00" is no IANA time zone, write one like "Europe/Berlin"',
    ),
    "a source that is not there": (
        ('source = "platform"\ntable = "xp_events"', 'source = "elsewhere"\ntable = "xp_events"'),
        'streams.xp.source: unknown source "elsewhere", there is no [sources.elsewhere]',
    ),
    "no source named": (
        ('source = "platform"\ntable = "xp_events"', 'table = "xp_events"'),
        "streams.xp.source: missing",
    ),
    "a column that is not mapped": (
        (', amount = "amount"', ""),
        'streams.xp.columns: no column is mapped to "amount"',
    ),
    "a role that the kind does not have": (
        ('{ user_id = "id" }', '{ user_id = "id", mood = "mood" }'),
        f'streams.users.columns: "mood" is not known for kind users, known are {USERS_ROLES}',
    ),
    "a column that is no name": (
        ('amount = "amount"', "amount = 4"),
        "streams.xp.columns.amount: Input should be a valid string",
    ),
    "an unknown kind": (
        ("[auth]", f"{COINS}\n[auth]"),
        "streams.coins.kind: Input should be 'users', 'xp', 'sessions' or 'quizzes'",
    ),
    "a secret that is too short": (
        (SECRET, "thirty-one bytes are not enough"),
        "auth.secret.0: an HS256 secret needs at least 32 bytes, this one has fewer",
    ),
    "a short secret in a list": (
        (f'"{SECRET}"', f'["{SECRET}", "thirty-one bytes are not enough"]'),
        "auth.secret.1: an HS256 secret needs at least 32 bytes, this one has fewer",
    ),
    "no secret in a list": (
        (f'"{SECRET}"', "[]"),
        "auth.secret: Value should have at least 1 item after validation, not 0",
    ),
    "no secret": (
        (f'secret = "{SECRET}"', ""),
        "auth.secret: missing, HS256 needs at least one",
    ),
    "a number for a secret": (
        (f'"{SECRET}"', "12345678901234567890123456789012"),
        "auth.secret: Input should be a valid list",
    ),
    "an empty url": (
        ("[auth]", '[sources.keys]\nurl = ""\n[auth]'),
        "sources.keys.url: String should have at least 1 character",
    ),
}


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


@pytest.mark.parametrize("found", [0, 2])
def test_exactly_one_stream_says_who_the_learners_are(found: int, tmp_path: Path) -> None:
    users = GOOD[GOOD.index("[streams.users]") : GOOD.index("[streams.xp]")]
    text = GOOD.replace(users, users.replace(".users]", ".people]") * (found > 0) + users * (found > 1))
    answer = f'streams: exactly one stream of kind "users" is needed, found {found}'
    assert mistakes(tmp_path, text) == [answer]


def test_at_least_one_stream_has_events(tmp_path: Path) -> None:
    text = GOOD[: GOOD.index("[streams.xp]")] + GOOD[GOOD.index("[auth]") :]
    answer = "streams: at least one stream of a kind among xp, sessions, quizzes is needed"
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
