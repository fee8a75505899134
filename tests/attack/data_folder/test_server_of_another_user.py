"""A server of another user of the machine, in the group or in none: FAULTS 74.

What a run makes and mends is `test_other_users.py`'s, who owns the data folder `test_owners.py`'s.
"""

import grp
import os
import stat
from collections.abc import Sequence

import pytest

from pipelines.command_line import cli
from tests.attack.data_folder.modes import IMPORTS, SERVED, built, closing, configured, opened, read_by
from tests.support.platforms.small_platform import ANA, KIM, SECOND, bearer
from tests.support.running.other_user import NOBODY, as_user, need_another_user
from warehouse.configuration.configuration import Configuration
from warehouse.erasure.suppression import suppress
from warehouse.versions.verification import verify
from warehouse.versions.versions import Warehouse

VERIFY = """
import logging
from pathlib import Path
from warehouse.versions.verification import remember_served, verify
from warehouse.versions.versions import Warehouse
logging.basicConfig(level="WARNING", stream=sys.stdout, format="%(message)s")
warehouse = Warehouse(Path(sys.argv[1]))
print(verify(warehouse, warehouse.current()).manifest.version)
remember_served(warehouse, warehouse.current())
"""


def verified_by(configuration: Configuration, *groups: int) -> str:
    """What a server of `nobody` says, who is in these groups, when it verifies the current version."""
    root = Warehouse.of(configuration).root
    done = as_user(VERIFY, root, before=IMPORTS, groups=[NOBODY, *groups])
    return done.stdout + done.stderr.strip().rpartition("\n")[2]


@pytest.mark.slow
def test_a_server_of_another_user_in_the_group_shares_receipts(
    published: Configuration, capsys: pytest.CaptureFixture[str]
) -> None:
    """FAULTS 74: each reads what the other has left, and each may replace it."""
    need_another_user()
    group = grp.getgrgid(os.getegid())
    configuration = configured(published, group=group.gr_name)
    warehouse = Warehouse.of(configuration)
    assert verified_by(configuration, group.gr_gid) == f"{SECOND}\n"
    receipt = warehouse.receipt(SECOND)
    found = receipt.stat()
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (NOBODY, group.gr_gid, 0o660)
    inode = found.st_ino
    verify(warehouse, SECOND)  # by root, who finds the receipt
    assert receipt.stat().st_ino == inode
    assert closing(built(configuration, capsys)) == []
    newest = warehouse.kept()[-1]
    assert verified_by(configuration, group.gr_gid) == f"{newest}\n"
    assert closing(built(configuration, capsys)) == []


def test_a_server_that_may_not_write_receipts_reads_for_itself(published: Configuration) -> None:
    """FAULTS 74: and one that is not in the group reads nothing."""
    need_another_user()
    warehouse = Warehouse.of(published)
    warehouse.receipts.chmod(0o750)
    text = verified_by(published, os.getegid())
    assert text.splitlines()[-1] == SECOND
    assert "no receipt for version" in text
    assert "PermissionError" in verified_by(published)


def foreign(configuration: Configuration) -> None:
    """Let the data folder be one of an older version, served by `nobody`."""
    opened(configuration.data_dir)
    receipts = Warehouse.of(configuration).receipts
    os.chown(receipts, NOBODY, NOBODY)
    assert verified_by(configuration) == f"{SECOND}\n"


@pytest.mark.slow
def test_what_a_server_of_another_user_reads_stays_open_with_a_warning_until_there_is_a_group(
    published: Configuration, capsys: pytest.CaptureFixture[str]
) -> None:
    """FAULTS 74: nobody is shut out of what is served, over nights, and the rest of the lake is closed."""
    need_another_user()
    suppress(published.data_dir / "lake" / "suppressed.json", "nobody of ours")
    foreign(published)
    for _ in range(2):
        text = closing(built(published, capsys))
        assert text[-1].startswith(f"warning: what servers read in {published.data_dir} stays open to every user")
        assert "user nobody, whose receipts are there" in text[-1]
        newest = Warehouse.of(published).kept()[-1]
        assert verified_by(published) == f"{newest}\n"
    assert len(text) == 1
    assert not {name for name in read_by(published) if name.startswith("lake/")} - SERVED
    assert "lake/profiles.parquet" in read_by(published)
    assert cli.main(["status", "--config", str(published.path)]) == 0
    assert "\nwarning       what servers read in" in capsys.readouterr().out
    group = grp.getgrgid(os.getegid()).gr_name
    configuration = configured(published, group=group)
    text = closing(built(configuration, capsys))
    assert text[0].startswith("closed: ")
    assert read_by(configuration) == set()
    assert verified_by(configuration, os.getegid()).splitlines()[-1] == Warehouse.of(configuration).kept()[-1]
    assert cli.main(["status", "--config", str(configuration.path)]) == 0
    assert "stays open" not in capsys.readouterr().out


SERVER = """
import encodings.utf_8_sig, grp, pwd, sys
from pathlib import Path
from serve.app import create_app
from warehouse.configuration.configuration import load
configuration = load(Path(sys.argv[3]), uses=["auth"])
def ask(client, token):
    return client.get("/api/xp/learning-pulse", headers={"Authorization": "Bearer " + token})
ask(create_app(configuration).test_client(), sys.argv[4])  # imports what is imported late
"""
ASK = """
client = create_app(configuration).test_client()
for token in sys.argv[2:]:
    answer = ask(client, token)
    days = answer.get_json().get("data", [])
    print("answer", answer.status_code, sum(day["xp_earned"] for day in days))
"""


def answered(configuration: Configuration, *learners: str, groups: Sequence[int]) -> list[str]:
    """What a server of `nobody`, who is in these groups, answers learners."""
    tokens = [bearer(learner)["Authorization"].removeprefix("Bearer ") for learner in learners]
    done = as_user(ASK, configuration.path, *tokens, before=SERVER, groups=groups)
    assert done.returncode == 0, done.stderr
    return [line.removeprefix("answer ") for line in done.stdout.splitlines() if line.startswith("answer ")]


@pytest.mark.slow
def test_a_server_of_another_user_answers_after_an_erasure(published: Configuration) -> None:
    """FAULTS 74, 75: it reads the list and the receipts, with every answer."""
    need_another_user()
    group = grp.getgrgid(os.getegid())
    configuration = configured(published, group=group.gr_name)
    assert answered(configuration, ANA, KIM, groups=[NOBODY, group.gr_gid]) == ["200 70", "200 5"]
    assert cli.main(["erase", KIM, "--config", str(configuration.path)]) == 0
    assert answered(configuration, ANA, KIM, groups=[NOBODY, group.gr_gid]) == ["200 70", "200 0"]
    assert read_by(configuration) == set()


ANALYST = """
with duckdb.connect(sys.argv[1], read_only=True) as connection:
    print(connection.execute("select count(*) > 0 from daily_activity").fetchone()[0])
try:
    duckdb.connect(sys.argv[1])
except duckdb.Error as error:
    print(type(error).__name__)
"""


def test_an_analyst_in_the_group_opens_the_pointer_and_writes_nothing(published: Configuration) -> None:
    """FAULTS 74: as docs/guide/operate.md has it; who is in no group does not."""
    need_another_user()
    pointer = Warehouse.of(published).pointer
    done = as_user(ANALYST, pointer, before="import duckdb\n", groups=[NOBODY, os.getegid()])
    assert (done.stdout.splitlines(), done.stderr) == (["True", "IOException"], "")
    done = as_user(ANALYST, pointer, before="import duckdb\n")
    assert done.returncode == 1
    assert "Permission denied" in done.stderr
