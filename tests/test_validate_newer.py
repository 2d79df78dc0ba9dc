"""Targets pinned to an older API level: what came later is refused with its place."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.problem import Problem
from reconciler.providers import kinds
from reconciler.validate import validate
from reconciler.yaml import parse
from tests.test_validate_broken import FLEET

NEWER = """\
apiVersion: runai/v1
kind: Training
metadata: {name: lora, project: team-a}
spec:
  image: registry/lora:1.8
  preemptibility: preemptible
  environmentVariables:
    - {name: KEY, userCredential: {name: mine, key: token}}
"""


def checked(text: str, api_level: str | None) -> list[Problem]:
    target = next(target for target in FLEET.targets.values() if target.provider == "runai")
    pinned = replace(target, scopes=(), settings={**target.settings, "apiLevel": api_level})
    fleet = replace(FLEET, targets={pinned.name: pinned})
    found = validate(parse(text.encode(), "m.yaml").documents, fleet, kinds=kinds()).problems
    return [problem for problem in found if problem.code == "RC114"]


def places(text: str, api_level: str | None) -> list[tuple[int, int]]:
    return [(p.location.line, p.location.column) for p in checked(text, api_level) if p.location]


def test_fields_that_came_after_the_pinned_level_are_errors_with_their_places() -> None:
    assert places(NEWER, "2.23") == [(6, 3), (8, 19)]
    assert checked(NEWER, "2.23")[0].what.startswith('"preemptibility" needs control plane 2.24')


@pytest.mark.parametrize("api_level", ["2.24", "2.25", None])
def test_a_level_that_has_them_or_none_says_nothing(api_level: str | None) -> None:
    assert checked(NEWER, api_level) == []


def test_a_field_that_is_null_is_not_stated() -> None:
    assert places(NEWER.replace("preemptible\n", "null\n"), "2.23") == [(8, 19)]


@pytest.mark.parametrize(
    ("kind", "too_old", "enough"),
    [
        ("DistributedInference", None, "2.22"),
        ("NimService", "2.23", "2.24"),
        ("ExternalWorkload", "2.22", "2.23"),
    ],
)
def test_a_kind_that_came_later_is_one_error(kind: str, too_old: str | None, enough: str) -> None:
    text = kinds()["runai/v1", kind].example()

    assert places(text, too_old) == ([] if too_old is None else [(line_of(text, "kind:"), 7)])
    assert not [problem for problem in checked(text, enough) if kind in problem.what]


def line_of(text: str, start: str) -> int:
    return next(n for n, line in enumerate(text.splitlines(), 1) if line.startswith(start))
