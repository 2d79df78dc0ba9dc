"""Rules for access: ports, URLs, and who may call them."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.finding import (
    COMBINATION,
    NEEDED,
    Part,
    found,
    is_open,
    items,
    missing,
    part,
)
from reconciler.problem import Problem

_LIST_OF = {"authorizedUsers": "authorizedUsers", "authorizedGroups": "authorizedGroups"}
_BOTH = "authorizedUsersOrGroups"


def ports(pod: Part) -> Iterator[Problem]:
    """Ask that every port is whole."""
    for port in items(pod, "ports"):
        yield from missing(port, "container", "serviceType")
    for link in items(pod, "relatedUrls"):
        yield from missing(link, "url", "type")


def exposed_urls(pod: Part) -> Iterator[Problem]:
    """Ask that every URL names its port, and says in one way who may open it."""
    for url in items(pod, "exposedUrls"):
        yield from missing(url, "container")
        yield from _authorization(url, assumed=None)


def serving_port(pod: Part) -> Iterator[Problem]:
    """Ask that the serving port says in one way who may call it."""
    yield from _authorization(part(pod, "servingPort"), assumed="public")


def _authorization(door: Part, *, assumed: str | None) -> Iterator[Problem]:
    """Judge who is let in. `assumed` is the type where none is stated; None: the lists alone decide."""
    kind = door.get("authorizationType") or assumed
    if is_open(kind) or kind == _BOTH:
        return
    stated = [name for name in _LIST_OF if door.get(name)]
    if len(stated) == 2:
        yield found(
            COMBINATION,
            door.at("authorizedGroups"),
            "stands beside authorizedUsers: only one of them counts",
            "remove one of them",
        )
    elif kind is not None:
        yield from _lists_fit(door, str(kind), stated)


def _lists_fit(door: Part, kind: str, stated: list[str]) -> Iterator[Problem]:
    wanted = _LIST_OF.get(kind)
    for name in stated:
        if name != wanted:
            yield found(
                COMBINATION,
                door.at(name),
                f"needs authorizationType: {name}, but it is {kind}",
                f"write authorizationType: {name}, or remove {name}",
            )
    if wanted and not stated:
        yield found(NEEDED, door.at(wanted), f"is missing: authorizationType is {kind}", f"add {wanted}:")
