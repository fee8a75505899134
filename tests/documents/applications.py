"""docs/APPLICATIONS.md, made from the folders of `tests/end_to_end/applications`: `make applications` writes it."""

from pathlib import Path

from tests.support.repository import ROOT

HEADINGS = {"query": "By queries:\n\n", "roles": "By tables of roles:\n\n"}
PAGE = ROOT / "docs/APPLICATIONS.md"
CONNECT = ROOT / "docs/guide/connect.md"
FOLDER = ROOT / "tests" / "end_to_end" / "applications"


def page() -> str:
    """Return the page."""
    head = (FOLDER / "about.md").read_text(encoding="utf-8").format(connect=CONNECT.relative_to(PAGE.parent))
    return "\n".join([head, *(_application(folder) for folder in sorted(FOLDER.iterdir()) if _is_application(folder))])


def _is_application(folder: Path) -> bool:
    return (folder / "about.md").exists()


def _application(folder: Path) -> str:
    title, _, text = (folder / "about.md").read_text(encoding="utf-8").partition("\n")
    mappings = sorted(folder.glob("*.toml"))
    parts = [f"#{title}\n{text}"]
    for mapping in mappings:
        named = HEADINGS[mapping.stem] if len(mappings) > 1 else ""
        _, _, streams = mapping.read_text(encoding="utf-8").partition("\n\n")
        parts.append(f"{named}```toml\n{streams.strip()}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
