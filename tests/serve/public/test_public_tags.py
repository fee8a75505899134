"""Who holds a public answer is told so (304), as long as its name is public; nothing can be read from its tag.

Through the app. Who is public at all is the matter of `test_public_profile.py`.
"""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from serve.app import create_app
from tests.serve.public.public_answers import GOODBYES, PATHS, page_path, picture_path, profile_path
from tests.support.platforms import public_platform
from tests.support.platforms.public_platform import ADA
from tests.support.slowly import slowly
from warehouse.configuration.configuration import Configuration
from warehouse.erasure import suppression
from warehouse.lake.lake import Lake
from warehouse.versions.versions import Warehouse

CLIENT = "8.8.4.4"  # an address of somebody, who is limited by it
OF_A_BODY = {"Content-Type", "Content-Length", "X-Request-Id"}
PathOf = Callable[[str], str]
every_path = pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)


@pytest.fixture(scope="module")
def app(published: Configuration) -> Flask:
    return create_app(published)


def changed(configuration: Configuration, **serve: Any) -> Configuration:
    return configuration.model_copy(update={"serve": configuration.serve.model_copy(update=serve)})


def ask(app: Flask, place: str, tag: str = "", **headers: str) -> TestResponse:
    if tag:
        headers["If-None-Match"] = tag
    return app.test_client().get(place, headers=headers, environ_base={"REMOTE_ADDR": CLIENT})


def tag_of(app: Flask, place: str) -> str:
    return ask(app, place).headers["ETag"]


def told(response: TestResponse) -> dict[str, str]:
    return {name: value for name, value in response.headers if name not in OF_A_BODY}


# --- what HTTP says ---------------------------------------------------------------------------------------------------


@every_path
def test_who_holds_the_answer_is_told_so_without_a_body_and_with_every_header(app: Flask, path: PathOf) -> None:
    """A browser puts the headers of a 304 in place of those that it has: also the policy that lets our style apply."""
    full = ask(app, path("ada"))
    again = ask(app, path("ada"), full.headers["ETag"])
    assert (again.status_code, again.data) == (304, b"")
    assert told(again) == told(full)
    assert "Content-Type" not in again.headers


SENT = {
    "the tag": ("{tag}", 304),
    "the tag as a strong one": ("{strong}", 304),
    "one of several": ('"other", {tag}', 304),
    "anything": ("*", 304),
    "another": ('W/"0123456789abcdef0123456789abcdef"', 200),
    "garbage": ('"', 200),
}


@every_path
@pytest.mark.parametrize(("sent", "status"), SENT.values(), ids=SENT)
def test_the_tag_is_compared_as_http_says(app: Flask, path: PathOf, sent: str, status: int) -> None:
    tag = tag_of(app, path("ada"))
    assert re.fullmatch(r'W/"[0-9a-f]{32}"', tag)
    assert ask(app, path("ada"), sent.format(tag=tag, strong=tag[2:])).status_code == status


@every_path
@pytest.mark.parametrize("packed", ["br", "gzip"])
def test_one_tag_is_right_for_every_way_to_pack_the_answer(app: Flask, path: PathOf, packed: str) -> None:
    answer = ask(app, path("ada"), **{"Accept-Encoding": packed})
    assert answer.headers["Content-Encoding"] == packed
    assert answer.headers["ETag"] == tag_of(app, path("ada"))
    assert ask(app, path("ada"), answer.headers["ETag"], **{"Accept-Encoding": packed}).status_code == 304


def test_answers_that_differ_have_tags_that_differ(app: Flask, published: Configuration) -> None:
    pictures = [picture_path("ada", f"?theme={theme}") for theme in ("auto", "light", "dark")]
    tags = [tag_of(app, place) for place in (profile_path("ada"), page_path("ada"), *pictures)]
    assert len(set(tags)) == len(tags)
    elsewhere = create_app(changed(published, frame_ancestors="https://school.example.com", week_start="monday"))
    assert tag_of(elsewhere, profile_path("ada")) == tags[0]
    assert {tag_of(elsewhere, place) for place in (page_path("ada"), *pictures)}.isdisjoint(tags)


def test_every_worker_gives_one_tag_and_a_look_up_or_a_limit_costs_it_nothing(published: Configuration) -> None:
    """FAULTS 78: what is neither kept nor 304 is limited, so a 304 of what is kept is not."""
    limited = create_app(changed(published, rate_limit_public="1/minute"))
    tag = tag_of(create_app(published), profile_path("ada"))
    assert [ask(limited, profile_path("ada"), tag).status_code for _ in range(5)] == [304] * 5
    assert ask(limited, page_path("ada"), tag).status_code == 429


def test_over_a_publish_it_is_304_before_and_200_after_and_304_again_after_a_rollback(own: Configuration) -> None:
    """FAULTS 41."""
    app, warehouse = create_app(own), Warehouse.of(own)
    first, before = str(warehouse.current()), {place: tag_of(app, place) for place in places("ada")}
    public_platform.change(own, "insert into users values ('new', 'newcomer', 'UTC', 1, null)")
    second = public_platform.publish(own)
    for place, tag in before.items():
        after = ask(app, place, tag)
        assert (after.status_code, after.headers["X-Data-Version"]) == (200, second)
        assert ask(app, place, after.headers["ETag"]).status_code == 304
    warehouse.rollback()
    for place, tag in before.items():
        assert (ask(app, place, tag).status_code, ask(app, place, tag).headers["X-Data-Version"]) == (304, first)


def places(name: str) -> list[str]:
    return [path(name) for path in PATHS.values()]


# --- who is not public any more ---------------------------------------------------------------------------------------


def assert_gone(app: Flask, tags: dict[str, str]) -> None:
    """See that nobody who holds an answer is told that it is still right, nor anything else than anybody."""
    for place, tag in tags.items():
        for sent in (tag, tag[2:], "*"):
            answer, plain = ask(app, place, sent), ask(app, place.replace("ada", "nobody"))
            assert (answer.status_code, answer.data) == (404, plain.data)
            assert told(answer) == told(plain)
            assert "ETag" not in answer.headers


@pytest.mark.parametrize("goodbye", slowly(GOODBYES.values(), quick=2), ids=GOODBYES)
def test_who_went_private_is_404_to_those_who_hold_the_page_and_stays_so(own: Configuration, goodbye: str) -> None:
    """FAULTS 41: a 304 would say that the page may still be shown."""
    app, warehouse = create_app(own), Warehouse.of(own)
    tags = {place: tag_of(app, place) for place in places("ada")}
    public_platform.change(own, goodbye)
    public_platform.land(own)
    assert_gone(app, tags)
    public_platform.publish(own, "accept_shrink")
    assert_gone(app, tags)
    warehouse.rollback()
    assert_gone(app, tags)
    assert_gone(create_app(own), tags)


def test_who_is_erased_is_404_to_those_who_hold_the_page_from_that_moment_on(own: Configuration) -> None:
    """FAULTS 41, 42."""
    app = create_app(own)
    tags = {place: tag_of(app, place) for place in places("ada")}
    suppression.suppress(Lake.of(own).suppressed, ADA)
    assert_gone(app, tags)


def test_without_the_list_of_erased_learners_nobody_is_told_that_what_he_holds_is_right(own: Configuration) -> None:
    """FAULTS 70: a sibling of the 503 without a tag."""
    app = create_app(own)
    tags = {place: tag_of(app, place) for place in places("ada")}
    Lake.of(own).suppressed.write_text("{")
    assert [ask(app, place, tag).status_code for place, tag in tags.items()] == [503] * 3


def test_a_name_that_is_another_learners_now_is_another_answer(own: Configuration) -> None:
    """Within one version: the name counts as the newest landing has it, the days as the version has them."""
    app, version = create_app(own), Warehouse.of(own).current()
    tags = {place: tag_of(app, place) for place in places("ada")}
    public_platform.change(own, "update users set username = 'anna' where username = 'ada'")
    public_platform.change(own, "update users set username = 'ada' where username = 'idle'")
    public_platform.land(own)
    for place, tag in tags.items():
        answer = ask(app, place, tag)
        assert (answer.status_code, answer.headers["X-Data-Version"]) == (200, version)
        assert answer.headers["ETag"] != tag


def test_who_is_public_and_not_in_the_version_yet_is_404_whatever_is_sent(own: Configuration) -> None:
    """`*` must not tell such a learner from nobody."""
    app = create_app(own)
    public_platform.change(own, "insert into users values ('new', 'ada2', 'UTC', 1, null)")
    public_platform.land(own)
    assert_gone(app, dict.fromkeys(places("ada2"), '"x"'))


@every_path
def test_a_tag_is_made_of_what_is_shown_so_no_id_can_be_guessed_from_it(own: Configuration, path: PathOf) -> None:
    """Who tries ids until one gives the tag would find the learner's; two learners who show the same have one tag."""
    public_platform.change(own, "insert into users values ('twin-of-idle', 'new', 'Pacific/Pago_Pago', 1, null)")
    public_platform.publish(own)
    app = create_app(own)
    idles = tag_of(app, path("idle"))
    public_platform.change(own, "update users set username = 'away' where id = 'idle'")
    public_platform.change(own, "update users set username = 'idle' where id = 'twin-of-idle'")
    public_platform.land(own)
    assert tag_of(app, path("idle")) == tag_of(create_app(own), path("idle")) == idles
