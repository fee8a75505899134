"""The table of licences is that of the lock file."""

import re

from tests.documents import licences


def test_the_table_has_every_locked_version_and_a_licence_of_each() -> None:
    rows = re.findall(
        r"^\| ([\w-]+) \| ([\w.!+]+) \| [\w ]+ \| (.+) \|$", licences.PAGE.read_text(), flags=re.MULTILINE
    )
    assert {(name, version) for name, version, _ in rows[1:]} == licences.locked(), "run `make licences`"
    assert not [name for name, _, licence in rows if licence == "none named"]


def test_a_licence_is_what_the_package_says() -> None:
    assert licences.licence("duckdb").startswith("MIT")
    assert licences.licence("no-such-package") == ""
