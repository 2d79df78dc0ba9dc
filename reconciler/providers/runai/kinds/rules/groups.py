"""Rules for distributed inference: groups of a leader and its workers."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.finding import (
    COMBINATION,
    NEEDED,
    Part,
    found,
    missing,
    number,
    part,
)
from reconciler.problem import Problem

ROLES = ("leader", "worker")


def roles(spec: Part) -> Iterator[Problem]:
    """Ask for a leader, and for a worker's pod exactly where there are workers."""
    if spec.has("templateId"):
        return
    yield from missing(spec, "leader")
    workers = number(spec.get("workers")) or 0
    if workers and not spec.has("worker"):
        yield found(
            NEEDED,
            spec.at("worker"),
            f"is missing: workers is {workers:g}",
            "add worker: with the spec of a worker's pod, or write workers: 0",
        )
    if spec.has("worker") and not workers:
        yield found(
            COMBINATION,
            spec.at("worker"),
            "describes pods that do not run: workers is 0"
            + ("" if spec.has("workers") else " (its default)"),
            "write how many workers: each group has",
            warning=True,
        )


def images(spec: Part) -> Iterator[Problem]:
    """Ask for the image of each pod, unless a template brings it."""
    for role in ROLES:
        if spec.has(role) and not spec.has("templateId"):
            yield from missing(part(spec, role), "image")


def port(spec: Part) -> Iterator[Problem]:
    """Ask that a serving port says which, unless a template does."""
    if spec.has("servingPort") and not spec.has("templateId"):
        yield from missing(part(spec, "servingPort"), "port")
