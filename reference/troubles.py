"""The troubleshooting page: what `explain` says of each problem code, one below the other."""

from __future__ import annotations

from reconciler.explain import explain
from reconciler.explain.told import CodeTold
from reconciler.problem import CODES

_HEAD = """\
# Troubleshooting

Every problem carries a code. Find it here, or ask `reconciler explain RC103`, which says the same. \
Where nothing has a code yet, `reconciler doctor` goes through the whole set-up and says of each thing \
that is not well what to do ([what it looks at](commands.md#what-doctor-looks-at)). How a command ended \
is told by its [exit code](exit-codes.md).
"""
_PARTS = {
    "1": "Manifests",
    "2": "The fleet file",
    "3": "Plans",
    "4": "The platform",
    "5": "Health",
}


def troubles_page() -> str:
    """Write the page from the texts that `explain` holds."""
    parts = [_HEAD]
    for digit, title in _PARTS.items():
        parts.append(f"\n## {title}\n")
        parts += [_section(code) for code in CODES if code[2] == digit]
    return "".join(parts)


def _section(code: str) -> str:
    told = explain(code)
    assert isinstance(told, CodeTold)  # noqa: S101 - the word is a problem code
    means = " ".join(told.means.split())
    example = f"```text\n{told.example}\n```"
    return f"\n### {code}\n\n**{told.stands_for}.** {means}\n\n{example}\n\n*What to do:* {told.mend}.\n"
