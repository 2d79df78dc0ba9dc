"""The reference pages are those of the schemas, and every manifest that a page shows is valid."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reconciler.field import root_field
from reconciler.fleet import Fleet, Target
from reconciler.kind import Kind
from reconciler.load import load_fleet
from reconciler.providers import kinds
from reconciler.stored import kind_schema
from reconciler.validate import validate
from reconciler.yaml import parse
from reference.markdown import anchor
from reference.pages import DOCS, pages
from tests.architecture.house import ROOT

PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
REFERENCE = sorted([DOCS / "manifests.md", DOCS / "troubleshooting.md", *(DOCS / "kinds").glob("*.md")])
FLEET = Fleet(
    id="7f3a9c04d2b81e66",
    name="wattfield",
    file="reconciler.yaml",
    root="/fleet",
    targets={
        "runai": Target("runai", "runai", "https://wattfield.run.ai"),
        "safe": Target("safe", "primus-safe", "https://safe.wattfield.example"),
    },
    vars=("IMAGE_TAG",),
    secrets=("HF_TOKEN",),
)
every_kind = pytest.mark.parametrize("kind", kinds().values(), ids=lambda kind: str(kind.name))


def shown(page: Path, version: str) -> list[str]:
    """Give the YAML documents of an API that a page shows."""
    blocks = re.findall(r"^```yaml\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    return [block for block in blocks if re.search(rf"^apiVersion: {version}$\n^kind:", block, re.MULTILINE)]


def test_the_pages_are_those_of_the_schemas() -> None:
    assert pages() == {str(file.relative_to(DOCS)): file.read_text() for file in REFERENCE}, (
        "`make docs` renews them"
    )


@every_kind
def test_every_field_of_a_kind_stands_on_its_page(kind: Kind) -> None:
    text = (DOCS / "kinds" / Path(kind.schema_path).name).with_suffix(".md").read_text()
    spec = root_field(kind_schema(kind)).child("spec")

    assert spec
    assert not [field.name for field in spec.fields if f"`{field.name}`" not in text]


@pytest.mark.parametrize("page", REFERENCE, ids=lambda page: str(page.stem))
def test_a_link_within_a_page_leads_to_one_heading(page: Path) -> None:
    headings = [anchor(heading) for heading in re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)]
    links = set(re.findall(r"\]\(#([^)]+)\)", page.read_text()))

    assert [headings.count(link) for link in links] == [1] * len(links)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.stem))
def test_every_manifest_on_a_page_is_valid(page: Path) -> None:
    for block in shown(page, "(?:runai|primus-safe)/v1"):
        parsed = parse(block.encode(), page.name)
        found = validate(parsed.documents, FLEET, kinds=kinds())
        assert not [*parsed.problems, *found.problems]


def test_the_pages_show_manifests_of_every_kind() -> None:
    named = {
        word
        for page in PAGES
        for block in shown(page, "(?:runai|primus-safe)/v1")
        for word in re.findall(r"^kind: (\w+)", block, re.M)
    }

    assert named == {kind.name for kind in kinds().values()}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.stem))
def test_every_fleet_file_on_a_page_is_valid(page: Path, tmp_path: Path) -> None:
    for block in shown(page, "reconciler/v1"):
        (tmp_path / "reconciler.yaml").write_text(block)

        assert load_fleet(cwd=tmp_path).targets
