"""Who has a public page: the newest users landing says so, whatever version is served (README.md, Privacy).

`lake/profiles.parquet` is asked anew for every name, so that a learner who went private or was deleted is gone with the
run that saw it, also after a rollback. Nothing of it is kept here: the file is sorted by name, and a look-up reads one
row group. Which names may have a page is decided where the file is written (`assets/step3_profiles.sql`).
"""

from pathlib import Path

import duckdb

from warehouse import engine

MEMORY_LIMIT = "64MB"
FIND = "select name, user_id from {} where name = nfc_normalize($name)"


class Profiles:
    """Looks up public names.

    Args:
        place: `lake/profiles.parquet`; while it is not there, nobody has a page.
    """

    def __init__(self, place: Path) -> None:
        self._place = place
        self._find = FIND.format(engine.files([place]))
        self._connection = duckdb.connect(config={"threads": 1, "memory_limit": MEMORY_LIMIT})
        engine.prepare(self._connection)
        self._connection.execute("set enable_external_file_cache = false")  # what was read once may be private now

    def find(self, name: str) -> tuple[str, str] | None:
        """Return a public name as it is shown, and whose it is; None for any name without a page, whatever the reason.

        Args:
            name: as it was asked for; it is compared byte for byte, after NFC.
        """
        if "\0" in name or not _is_utf8(name):
            return None
        cursor = self._connection.cursor()
        try:
            found = cursor.execute(self._find, {"name": name}).fetchall()
        except duckdb.IOException:
            if self._place.exists():
                raise
            return None
        finally:
            cursor.close()
        return found[0] if found else None


def _is_utf8(text: str) -> bool:
    """Tell whether a text is one that a database can hold: no half of a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
