"""The public profile, without a credential: as JSON, as a picture, and as a page.

See docs/guide/embed.md.

Every name without a public page gets the same 404. Style and script are inline, and the policy names their hashes, so
that nothing else runs. Nothing is loaded from another host.
"""

import base64
import hashlib
import tomllib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from flask import Flask, Response, render_template, request
from markupsafe import Markup

from serve.http import response_headers
from serve.http.answers import error_answer, json_answer
from serve.own_route import QueryError
from serve.profile.years import year_asked
from serve.public import palette
from serve.public.heatmap import Heatmap, heatmap
from serve.public.profiles import Profiles
from serve.public.public_pulse import PublicPulse, Shown, public_pulse
from serve.version.erased import ErasedLearners
from serve.version.learner_cache import LearnerCache
from serve.version.open_version import OpenVersion
from serve.version.reader import Follower
from warehouse.configuration.configuration import Configuration

API = "/api/xp/public-profile/<username>"
PATHS = (b"/api/xp/public-profile/", b"/profile/")  # how all of them begin
KEPT_BYTES = 8_000_000  # of finished answers, in each worker
HEADER_BYTES = 1000  # of one, about
OF_A_BODY = frozenset({"Content-Type", "Content-Length"})  # headers
TEMPLATES = Path(__file__).parent / "templates"
WORDS = tomllib.loads(Path(__file__).with_name("words.toml").read_text(encoding="utf-8"))
SCRIPT = (TEMPLATES / "profile.js").read_text(encoding="utf-8")
STYLE = palette.variables() + (TEMPLATES / "profile.css").read_text(encoding="utf-8")
PICTURE_STYLE = (TEMPLATES / "heatmap.css").read_text(encoding="utf-8")

FOR_A_WHILE = {"Cache-Control": "public, max-age=300", "X-Robots-Tag": "noindex"}
NEVER_KEPT = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex"}


class Files(NamedTuple):
    """The files beside the version that say who may be shown.

    Args:
        erased: the learners who have been erased.
        profiles: the names that have a public page.
    """

    erased: ErasedLearners
    profiles: Profiles


class Finished(NamedTuple):
    """An answer that can be given again, as long as its name is public.

    Args:
        body: before it is compressed.
        headers: with the tag.
        tag: of body and headers; of nothing else, so that no id can be guessed from it.
    """

    body: bytes
    headers: list[tuple[str, str]]
    tag: str

    @classmethod
    def of(cls, response: Response) -> "Finished":
        """Return a response as it can be given again."""
        body = response.get_data()
        tag = response_headers.etag_of(body, *(f"{name}: {value}" for name, value in response.headers))
        response.set_etag(tag, weak=True)
        return cls(body, response.headers.to_wsgi_list(), tag)

    def response(self) -> Response:
        """Return the answer, or 304 with its headers to a client that holds it; a browser updates them."""
        if not response_headers.is_fresh(request.headers.get("If-None-Match"), self.tag):
            return Response(self.body, headers=self.headers)
        response = response_headers.not_modified()
        response.headers.extend((name, value) for name, value in self.headers if name not in OF_A_BODY)
        return response


def register(
    app: Flask, configuration: Configuration, follower: Follower, files: Files, count: Callable[[], None]
) -> None:
    """Add the public routes to an app.

    Args:
        app: the app.
        configuration: on which weekday a week starts, who may frame the page, what is shown beside the days.
        follower: hands out the version to read.
        files: say who may be shown; asked for every answer, also for one that is kept.
        count: counts an answer that is not kept, and raises if that is one too many.
    """
    week_start, shown = configuration.serve.week_start, Shown.of(configuration)
    has_years = shown.profile and shown.years
    policy = _policy(configuration.serve.frame_ancestors)
    kept = LearnerCache[Finished](KEPT_BYTES if configuration.serve.cache_mb else 0, _bytes_of)

    def answer(
        username: str, kind: str, show: Callable[[PublicPulse], Response], not_found: Callable[[], Response]
    ) -> Response:
        with follower.version() as version:
            erased = files.erased.now(version.erased)
            profile = files.profiles.find(username)
            is_shown = profile is not None and not erased.holds(profile[1])
            year = _year_of(request.environ["QUERY_STRING"], version) if has_years else None
            key = "\0".join((version.name, kind, str(year), *(profile or ())))
            if is_shown and (finished := kept.get(key)) is not None:
                return finished.response()
            count()
            pulse = public_pulse(version, *profile, shown, year) if profile and is_shown else None
            if pulse is None:
                return not_found()
            response = show(pulse)
            response.headers["X-Data-Version"] = version.name
            response.headers["X-Data-Through"] = version.data_through
            response.headers["X-Pulse-Complete-Through"] = pulse.last_complete_date.isoformat()
            finished = Finished.of(response)
            kept.put(key, finished)
            return finished.response()

    @app.get(API)
    def public_profile(username: str) -> Response:
        return answer(username, "profile", _profile, _no_profile)

    @app.get(API + "/pulse.svg")
    def public_picture(username: str) -> Response:
        theme = palette.theme_of(request.args.get("theme", ""))
        return answer(username, theme, lambda pulse: _picture(pulse, heatmap(pulse, week_start), theme), _no_profile)

    @app.get("/profile/<username>")
    def profile_page(username: str) -> Response:
        def show(pulse: PublicPulse) -> Response:
            return _page(pulse, heatmap(pulse, week_start), policy)

        return answer(username, "page", show, lambda: _no_page(policy))


def _year_of(query: str, version: OpenVersion) -> int | None:
    """Return the year that a query asks for, None where a version can have nothing of it.

    So a query cannot make more answers than there are years (FAULTS 78).
    """
    year = ""
    with suppress(QueryError):
        year = year_asked(query)
    if not year or version.profile is None:
        return None
    first_day, last = version.profile[0], version.data_through[:4]  # nobody's date is after that of data through
    return int(year) if f"{first_day.year:04}" <= year <= last else None


def _bytes_of(finished: Finished) -> int:
    return len(finished.body) + HEADER_BYTES


def _profile(pulse: PublicPulse) -> Response:
    response = json_answer(pulse.body())
    response.headers.update(FOR_A_WHILE)
    return response


def _no_profile() -> Response:
    response = error_answer(404, WORDS["nobody"]["detail"])
    response.headers.update(NEVER_KEPT)
    return response


def _picture(pulse: PublicPulse, grid: Heatmap, theme: str) -> Response:
    style = palette.coloured(PICTURE_STYLE, theme)
    svg = render_template("heatmap.svg", pulse=pulse, grid=grid, words=WORDS, style=_markup(style))
    policy = {
        "Content-Security-Policy": f"default-src 'none'; style-src {_hash(style)}; sandbox",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    return Response(svg, mimetype="image/svg+xml", headers=FOR_A_WHILE | policy)


def _policy(frame_ancestors: str) -> dict[str, str]:
    return {
        "Content-Security-Policy": f"default-src 'none'; style-src {_hash(STYLE)}; script-src {_hash(SCRIPT)}; "
        f"base-uri 'none'; form-action 'none'; frame-ancestors {frame_ancestors}"
    }


def _page(pulse: PublicPulse, grid: Heatmap, policy: dict[str, str]) -> Response:
    html = render_template(
        "profile.html",
        pulse=pulse,
        grid=grid,
        words=WORDS,
        style=_markup(STYLE),
        script=_markup(SCRIPT),
    )
    return Response(html, headers=FOR_A_WHILE | policy)


def _no_page(policy: dict[str, str]) -> Response:
    html = render_template("nobody.html", words=WORDS, style=_markup(STYLE))
    return Response(html, 404, headers=NEVER_KEPT | policy)


def _markup(text: str) -> Markup:
    return Markup(text)  # noqa: S704 - a file beside the templates, and nothing that came with a request


def _hash(text: str) -> str:
    """Return what a Content-Security-Policy calls a style or script that stands in the page."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
