"""Wishes: what manifests would say if somebody changed one word of them; the files stay as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from reconciler.errors import ManifestError
from reconciler.kind import Kind
from reconciler.problem import Problem
from reconciler.resource import Resource


def with_state(resources: Sequence[Resource], state: str, kinds: Mapping[str, Kind]) -> tuple[Resource, ...]:
    """Let every manifest want a state. Raises ManifestError for those of which nobody can want it."""
    problems = [problem for one in resources if (problem := _misfit(one, state, kinds))]
    if problems:
        raise ManifestError(problems=problems)
    return tuple(replace(one, lifecycle=replace(one.lifecycle, state=state)) for one in resources)


def _misfit(one: Resource, state: str, kinds: Mapping[str, Kind]) -> Problem | None:
    if not kinds[one.key.kind].support.stops:
        what = f"{one.key}: kind {one.key.kind} cannot be stopped"
        return Problem("RC110", what, one.source, hint=f"these can be: {_able(kinds)}")
    if state == "Stopped" and one.lifecycle.protect:
        hint = "lifecycle.protect: false in git lets it be stopped"
        return Problem("RC110", f"{one.key} is protected", one.source, hint=hint)
    return None


def _able(kinds: Mapping[str, Kind]) -> str:
    return ", ".join(sorted(name for name, kind in kinds.items() if kind.support.stops))
