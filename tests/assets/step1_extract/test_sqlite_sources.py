"""FAULTS 61: a SQLite file that cannot be read as asked is said to be that, with the way out.

Permissions are those of a user who is not root; root becomes one for the length of a block.
"""

import logging
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from assets.step1_extract.extract import open_stream
from serve.credentials.key_store import key_store
from serve.http.errors import UnavailableError
from tests.support.platforms.sources import USERS_TYPES, XP_TYPES, Platform, sqlite_platform, xp_rows
from warehouse.configuration.authentication import ApiKeyColumns, ApiKeys
from warehouse.configuration.configuration import Configuration, Source
from warehouse.errors import SourceUnavailableError

HASH = "0" * 64
NOBODY = 65534
COLUMNS = ApiKeyColumns(key_hash="event_id", user_id="user_id")


@pytest.fixture
def platform() -> Iterator[Platform]:
    """A platform in a folder that every user may look into, as pytest's own are not."""
    folder = Path(tempfile.mkdtemp(prefix="sqlite"))
    folder.chmod(0o755)
    source = sqlite_platform(folder)
    source.make("users", USERS_TYPES, [("ann", "UTC")])
    source.make("xp", XP_TYPES, xp_rows(500))
    yield source
    for place in (folder, *folder.glob("*/")):
        place.chmod(0o755)
    shutil.rmtree(folder)


@contextmanager
def somebody() -> Iterator[None]:
    """Be no root, for whom no folder is read-only."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)


def reading(configuration: Configuration, url: str) -> None:
    given = configuration.model_copy(update={"sources": {"platform": Source(url=url)}})
    with open_stream(given, given.streams["xp"]):
        pass


def said_of(platform: Platform, file: Path, caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the night says of a file, and what the key store's log says."""
    url = f"sqlite:///{file}"
    configuration = platform.configuration()
    settings = ApiKeys(source="keys", table="xp", columns=COLUMNS)
    reading(configuration, platform.url)  # whatever is imported for it is there, should we not be root
    key_store(settings, Source(url=platform.url), platform.folder).rows(HASH)
    with somebody(), caplog.at_level(logging.ERROR):
        with pytest.raises(SourceUnavailableError) as caught:
            reading(configuration, url)
        with pytest.raises(UnavailableError):
            key_store(settings, Source(url=url), platform.folder).rows(HASH)
    message = str(caught.value)
    assert message.startswith("stream xp: source platform failed: ")
    assert "is it up?" not in message
    assert "\n" not in message
    return [message, caplog.text]


def a_folder(file: Path) -> Path:
    return file.parent


def no_file(file: Path) -> Path:
    return file.with_name("nowhere.db")


def a_text(file: Path) -> Path:
    place = file.with_name("notes.db")
    place.write_text("these are notes, and no database\n" * 20)
    place.chmod(0o644)
    return place


def encrypted(file: Path) -> Path:
    place = file.with_name("cipher.db")
    place.write_bytes(bytes(range(256)) * 16)
    place.chmod(0o644)
    return place


def unreadable(file: Path) -> Path:
    file.chmod(0o000)
    copy = file.with_name("closed.db")
    shutil.copyfile(file, copy)
    copy.chmod(0o000)
    file.chmod(0o644)
    return copy


def a_hot_journal(file: Path) -> Path:
    """As a writer leaves it that is killed in the middle of a change."""
    folder = file.parent / "hot"
    folder.mkdir()
    with closing(sqlite3.connect(file, isolation_level=None)) as writer:
        writer.execute("pragma cache_size = 2")
        writer.execute("begin")
        writer.execute("update xp set user_id = user_id || ' and somebody else'")
        for name in (file.name, f"{file.name}-journal"):
            shutil.copyfile(file.parent / name, folder / name)
        writer.execute("rollback")
    return folder / file.name


def wal_in_a_folder_that_is_read_only(file: Path) -> Path:
    folder = file.parent / "wal"
    folder.mkdir()
    place = folder / file.name
    shutil.copyfile(file, place)
    with closing(sqlite3.connect(place)) as connection:
        connection.execute("pragma journal_mode = wal")
    folder.chmod(0o555)
    return place


def wal_of_a_dead_writer_in_a_folder_that_is_read_only(file: Path) -> Path:
    place = wal_in_a_folder_that_is_read_only(file)
    place.parent.chmod(0o755)
    folder = file.parent / "copied"
    folder.mkdir()
    with closing(sqlite3.connect(place)) as writer:
        writer.execute("insert into xp select 'later', user_id, occurred_at, 1 from xp limit 1")
        writer.commit()
        for name in (file.name, f"{file.name}-wal"):
            shutil.copyfile(place.parent / name, folder / name)
    folder.chmod(0o555)
    return folder / file.name


CASES: dict[Callable[[Path], Path], list[str]] = {
    a_folder: ["is a folder", "name the SQLite file"],
    no_file: ["there is no file", "nowhere.db", "correct the url"],
    a_text: ["notes.db is no SQLite database", "name another file"],
    encrypted: ["cipher.db is no SQLite database, or an encrypted one"],
    unreadable: ["closed.db cannot be read: Permission denied", "let our user read it"],
    a_hot_journal: ["has died in the middle of a change", "platform.db-journal", "rolled back", "open it once"],
    wal_in_a_folder_that_is_read_only: ["is in WAL mode", "read-only for our user", "vacuum into"],
    wal_of_a_dead_writer_in_a_folder_that_is_read_only: ["is in WAL mode", "read-only for our user", "vacuum into"],
}


@pytest.mark.parametrize(("make", "parts"), CASES.items(), ids=[case.__name__ for case in CASES])
def test_a_file_that_cannot_be_read_is_named_with_the_way_out(
    platform: Platform, make: Callable[[Path], Path], parts: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    """FAULTS 61: by the night and in the server's log."""
    file = make(platform.folder / "platform.db")
    for text in said_of(platform, file, caplog):
        assert [part for part in parts if part not in text] == []


@pytest.mark.parametrize("make", [a_hot_journal, wal_in_a_folder_that_is_read_only])
def test_the_way_out_leads_out(platform: Platform, make: Callable[[Path], Path]) -> None:
    """FAULTS 61: opened once by whoever may write, or copied, the same file is read."""
    file = make(platform.folder / "platform.db")
    copy = file
    if make is a_hot_journal:
        with closing(sqlite3.connect(file)) as writer:
            writer.execute("select count(*) from xp").fetchone()
    else:
        copy = platform.folder / "copy.db"
        with closing(sqlite3.connect(file)) as source:
            source.execute(f"vacuum into '{copy}'")
        copy.chmod(0o644)
        platform.folder.chmod(0o555)
    configuration = platform.configuration()
    reading(configuration, platform.url)
    with somebody():
        reading(configuration, f"sqlite:///{copy}")


def test_a_file_that_is_only_locked_is_said_to_be_that(platform: Platform) -> None:
    """FAULTS 61: the place is right, and trying again helps."""
    configuration = platform.configuration()
    file = platform.folder / "platform.db"
    source = Source(url=platform.url, statement_timeout_seconds=1)
    given = configuration.model_copy(update={"sources": {"platform": source}})
    with closing(sqlite3.connect(file, isolation_level=None)) as writer:
        writer.execute("begin exclusive")
        with pytest.raises(SourceUnavailableError, match="database is locked"), open_stream(given, given.streams["xp"]):
            pass
