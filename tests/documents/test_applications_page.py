"""docs/APPLICATIONS.md has what the tests of applications run."""

from tests.documents import applications
from tests.support.repository import ROOT


def test_the_page_of_applications_is_made_from_their_folders() -> None:
    written = (ROOT / "docs" / "APPLICATIONS.md").read_text(encoding="utf-8")
    assert written == applications.page(), "run `make applications`"
    assert written.count("```toml") == len(list(applications.FOLDER.glob("*/*.toml")))
