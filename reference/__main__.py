"""Write docs/manifests.md, docs/troubleshooting.md and docs/kinds/."""

from __future__ import annotations

from reference.pages import DOCS, pages


def main() -> None:
    """Write every page, and delete those of kinds that are gone."""
    written = pages()
    for stale in {*(DOCS / "kinds").glob("*.md")} - {DOCS / name for name in written}:
        stale.unlink()
    for name, text in written.items():
        (DOCS / name).parent.mkdir(exist_ok=True)
        (DOCS / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
