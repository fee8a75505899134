"""The format of instants that are texts, by its values."""

from collections.abc import Sequence

import pytest

from pipelines.propose.guess.formats import carries_zone, format_of


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["2026-11-05 12:10:00.250000(UTC)"], "%Y-%m-%d %H:%M:%S.%f(%Z)"),
        (["2026-11-05T12:10:00Z", "2026-11-05T12:10:00+02:00"], "%Y-%m-%dT%H:%M:%S%z"),
        (["2026-11-05 12:10 Europe/Berlin"], "%Y-%m-%d %H:%M %Z"),
        (["20261105121000"], "%Y%m%d%H%M%S"),
        (["05.11.2026 12:10"], "%d.%m.%Y %H:%M"),
        (["05/11/2026 12:10", "13/11/2026 12:10"], "%d/%m/%Y %H:%M"),
        (["05/11/2026 12:10"], None),
        (["2026-11-05 12:10:00", "yesterday"], None),
        (["2026-11-05 12:10:00", 7], None),
        (["2026-11-05 12:10:00 Mars/Base"], None),
        ([], None),
    ],
)
def test_a_format_is_the_only_one_that_all_texts_have(values: Sequence[object], expected: str | None) -> None:
    assert format_of(values) == expected


def test_a_format_says_whether_its_texts_have_a_zone() -> None:
    assert carries_zone("%Y-%m-%d %H:%M:%S(%Z)")
    assert carries_zone("%Y-%m-%dT%H:%M:%S%z")
    assert not carries_zone("%Y-%m-%d %H:%M:%S")
