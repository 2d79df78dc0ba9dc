"""Write docs/manifests.md, docs/troubleshooting.md and docs/kinds/, and record README.md and docs/tour.md."""

from __future__ import annotations

from reference.pages import DOCS, pages
from reference.tour import record


def main() -> None:
    """Write every page, and delete those of kinds that are gone."""
    written = pages()
    for stale in {*(DOCS / "kinds").glob("*.md")} - {DOCS / name for name in written}:
        stale.unlink()
    for name, text in written.items():
        (DOCS / name).parent.mkdir(exist_ok=True)
        (DOCS / name).write_text(text, encoding="utf-8")
    for page in (DOCS.parent / "README.md", DOCS / "tour.md"):
        record(page)


if __name__ == "__main__":
    main()
