"""Where strangers find a learner, and what of an answer they can read."""

import base64
import hashlib
import re
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from urllib.parse import quote

from serve.public.public_pulse import PublicPulse
from warehouse.zones import DAY

SVG = "{http://www.w3.org/2000/svg}"
DAYS = 30


def profile_path(name: str) -> str:
    return f"/api/xp/public-profile/{quote(name, safe='')}"


def picture_path(name: str, query: str = "") -> str:
    return f"{profile_path(name)}/pulse.svg{query}"


def page_path(name: str) -> str:
    return f"/profile/{quote(name, safe='')}"


PATHS = {"profile": profile_path, "picture": picture_path, "page": page_path}


def texts(page: str) -> list[str]:
    """Every text of an HTML page, in order, without those of style and script."""
    found: list[str] = []

    class Parser(HTMLParser):
        inside = ""

        def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002
            self.inside = tag

        def handle_data(self, data: str) -> None:
            if self.inside not in ("style", "script") and data.strip("\n"):
                found.append(data)

    Parser().feed(page)
    return found


def elements(page: str) -> list[tuple[str, list[str]]]:
    """Every element of an HTML page, in order, with the names of its attributes."""
    found: list[tuple[str, list[str]]] = []

    class Parser(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.append((tag, [name for name, _ in attrs]))

        def handle_comment(self, data: str) -> None:
            found.append((data, ["comment"]))

    Parser().feed(page)
    return found


END = date(2026, 3, 1)
PULSE = PublicPulse("ada", END - 364 * DAY, END, {}, "own", "xp_earned", datetime(2026, 3, 1, tzinfo=UTC))


def hash_of(tag: str, page: str) -> str:
    (text,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page, flags=re.DOTALL)
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


GOODBYES = {
    "private": "update users set is_public = 0 where username = 'ada'",
    "undecided": "update users set is_public = null where username = 'ada'",
    "deleted": "update users set deleted_at = '2026-01-05' where username = 'ada'",
    "away": "delete from users where username = 'ada'",
    "of another name": "update users set username = 'anna' where username = 'ada'",
    "one of two": "update users set username = 'ada' where username = 'ben'",
}
