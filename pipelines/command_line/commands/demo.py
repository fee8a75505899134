"""`pulse demo`: a sample platform in a folder of its own, run and served exactly as a real one would be."""

import secrets
import shlex
import shutil
import time
from pathlib import Path
from urllib.parse import quote

import click
import jwt

from pipelines.command_line.options import LOCALHOST, PORT, POSITIVE, refuse_root
from pipelines.command_line.running import refuse_taken_port, run_job
from pipelines.command_line.serving import serve
from pipelines.demo.page import DemoPage
from pipelines.demo.platform import WRITTEN_BY_US, Platform, demo_configuration, make_platform
from warehouse import clock
from warehouse.configuration.configuration import Configuration, load
from warehouse.errors import PulseError

FOLDER = Path("demo")
MADE_BY_DEMO = ("var", "platform.sqlite", "pulse.toml")
TOKEN_SECONDS = 7 * 24 * 3600


@click.command()
@click.option("--users", type=POSITIVE, default=40, metavar="N", help="learners")
@click.option("--days", type=POSITIVE, default=365, metavar="N", help="days of history")
@click.option("--port", type=PORT, default=8000, metavar="P", help="port to serve on")
@click.option("--no-serve", is_flag=True, help="stop once the history has been published")
@click.pass_context
def demo(ctx: click.Context, users: int, days: int, port: int, *, no_serve: bool) -> None:
    """Make the platform below `demo/`, run its history up to yesterday (UTC) through the nightly job, and serve it.

    Raises:
        PulseError: the port is taken, or the run failed.
    """
    refuse_root(ctx, FOLDER / "var")
    if not no_serve:
        refuse_taken_port(LOCALHOST, port)
    page = None if no_serve else DemoPage(LOCALHOST)
    last_day = clock.last_day_over()
    _clear(FOLDER)
    print(f"making a platform of {users} learners and {days} days in {FOLDER}/", flush=True)
    platform = make_platform(FOLDER / "platform.sqlite", users=users, days=days, last_day=last_day)
    configuration = _configure(platform, page)
    run_job(configuration, "pulse demo", platform.first_day, last_day)
    site, token = f"http://{LOCALHOST}:{port}", _token(configuration, platform)
    print(_what_next(platform, site, token, page))
    if page:
        page.show(site, platform.showcase_username, token)
        serve(configuration, LOCALHOST, port)


def _clear(folder: Path) -> None:
    """Remove what an earlier demo left, and nothing else.

    Raises:
        PulseError: what stands in the way was made by somebody else.
    """
    folder.mkdir(exist_ok=True)
    configuration = folder / "pulse.toml"
    is_ours = configuration.is_file() and configuration.read_bytes().startswith(WRITTEN_BY_US.encode())
    in_the_way = [folder / name for name in MADE_BY_DEMO if (folder / name).exists() and not is_ours]
    if in_the_way or folder.is_symlink():
        message = f"{(in_the_way or [folder])[0]} was not made by `pulse demo`; move it, or run this in another folder"
        raise PulseError(message)
    shutil.rmtree(folder / "var", ignore_errors=True)
    for name in ("platform.sqlite", "pulse.toml"):
        (folder / name).unlink(missing_ok=True)


def _configure(platform: Platform, page: DemoPage | None) -> Configuration:
    """Write the demo's own `pulse.toml`, with a secret that only this machine knows, and the page that may ask."""
    path = FOLDER / "pulse.toml"
    path.touch(mode=0o600)
    secret = secrets.token_urlsafe(48)
    origin = page.origin if page else None
    text = demo_configuration("var", "sqlite:///platform.sqlite", platform.first_day, secret, origin)
    path.write_text(text, encoding="utf-8")
    return load(path, uses=["sources", "auth"])


def _token(configuration: Configuration, platform: Platform) -> str:
    assert configuration.auth is not None  # noqa: S101 - the demo's configuration has it
    claims = {"sub": platform.showcase_id, "exp": int(time.time()) + TOKEN_SECONDS}
    return jwt.encode(claims, configuration.auth.secrets[0], algorithm="HS256")


def _what_next(platform: Platform, site: str, token: str, page: DemoPage | None) -> str:
    own_page = f"The learner's own page:        {page.origin}/\n" if page else ""
    url = f"{site}/api/xp/learning-pulse"
    config = shlex.quote(str(FOLDER / "pulse.toml"))
    return f"""
The pulse of {platform.showcase_username}, from {url}:

  curl -s -H 'Authorization: Bearer {token}' {url}

{own_page}What everybody may see:        {site}/profile/{quote(platform.showcase_username)}
Dagster's UI with this run:    .venv/bin/pulse ui --config {config}
What is published:             .venv/bin/pulse status --config {config}
The tables, with DuckDB's CLI: duckdb -readonly {FOLDER}/var/warehouse/pulse.duckdb
"""
