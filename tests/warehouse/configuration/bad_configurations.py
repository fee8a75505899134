"""A good configuration, and every mistake that one can make in it, with its answer."""

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
USERS_ROLES = (
    "user_id, username, timezone, is_public, deleted_at, freezes_available, booster_multiplier, booster_ends_at, "
    "is_deleted"
)
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
    "public years that are a word": (
        ("[auth]", '[serve]\npublic_years = "yes"\n[auth]'),
        "serve.public_years: Input should be a valid boolean",
    ),
    "a public level that is a number": (
        ("[auth]", "[serve]\npublic_level = 1\n[auth]"),
        "serve.public_level: Input should be a valid boolean",
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
        "streams.coins.kind: Input should be 'users', 'xp', 'sessions', 'quizzes', 'daily' or 'freezes'",
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
