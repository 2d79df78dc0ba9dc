"""Narrowing: which of the declared objects a run is about. A narrowed run never prunes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from reconciler.resource import Resource

_TERM = re.compile(
    r"""\s*(?:
        (?P<set_key>[\w./-]+)\s+(?P<set_op>in|notin)\s*\((?P<values>[^()]*)\)
      | (?P<key>[\w./-]+)\s*(?P<op>==|=|!=)\s*(?P<value>[\w.-]*)
      | (?P<absent>!)?\s*(?P<bare>[\w./-]+)
    )\s*(?:,|$)""",
    re.VERBOSE,
)

Test = Callable[[Mapping[str, str]], bool]


def parse_selector(text: str) -> Test:
    """Read a label selector in kubectl's grammar: `a=b`, `a!=b`, `a in (b,c)`, `a notin (b)`, `a`, `!a`.

    Terms joined by commas must all hold. Raises ValueError naming the place where reading stopped.
    """
    tests: list[Test] = []
    place = 0
    while place < len(text):
        match = _TERM.match(text, place)
        if match is None or match.end() == place:
            raise ValueError(
                f'cannot read the selector "{text}" from "{text[place:]}"; write key=value,key!=value'
            )
        tests.append(_test(match))
        place = match.end()
    return lambda labels: all(test(labels) for test in tests)


def _test(match: re.Match[str]) -> Test:
    parts = match.groupdict()
    if key := parts["set_key"]:
        values = {value.strip() for value in parts["values"].split(",")}
        wanted = parts["set_op"] == "in"
        return lambda labels: (labels.get(key) in values) is wanted
    if key := parts["key"]:
        value, equal = parts["value"], parts["op"] != "!="
        return lambda labels: (labels.get(key) == value) is equal
    bare, present = parts["bare"], not parts["absent"]
    return lambda labels: (bare in labels) is present


@dataclass(frozen=True, slots=True)
class Narrowing:
    """Hold every way in which a run was narrowed. Nothing set means the whole fleet.

    `files` are manifest files as shown; `words` are `Kind/name` and the like.
    """

    files: frozenset[str] | None = None
    words: tuple[str, ...] = ()
    selector: str = ""
    targets: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()
    stdin: bool = False

    @property
    def why(self) -> str:
        """Say in words how the run is narrowed; empty when it is whole."""
        ways = [
            (self.stdin, "manifests come from stdin"),
            (self.files is not None, "only some paths were given"),
            (bool(self.words), f"only {', '.join(self.words)}"),
            (bool(self.selector), f"-l {self.selector}"),
            (bool(self.targets), f"--target {', '.join(self.targets)}"),
            (bool(self.projects), f"--project {', '.join(self.projects)}"),
        ]
        return "; ".join(text for holds, text in ways if holds)

    @property
    def is_by_words(self) -> bool:
        """Tell whether labels or projects narrow the run: words that may be misspelt."""
        return bool(self.selector or self.projects)

    def keep(self, resources: Iterable[Resource]) -> tuple[Resource, ...]:
        """Keep the resources this run is about. Raises ValueError for a selector that cannot be read."""
        selects = parse_selector(self.selector)
        return tuple(r for r in resources if self._concerns(r) and selects(r.labels))

    def unmatched(self, resources: Sequence[Resource]) -> tuple[str, ...]:
        """List the words that name no resource, and those that name several."""
        return tuple(w for w in self.words if sum(r.key.answers_to(w) for r in resources) != 1)

    def _concerns(self, resource: Resource) -> bool:
        key = resource.key
        return (
            (self.files is None or resource.source.file in self.files)
            and (not self.words or any(key.answers_to(word) for word in self.words))
            and (not self.targets or key.target in self.targets)
            and (not self.projects or key.scope in self.projects)
        )
