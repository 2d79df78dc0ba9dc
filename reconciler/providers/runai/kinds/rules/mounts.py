"""Rules for storage: what each volume needs, and what they may not share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.finding import (
    COMBINATION,
    NEEDED,
    Part,
    found,
    is_open,
    items,
    missing,
)
from reconciler.problem import Problem
from reconciler.resource import Json

NEEDS: Mapping[str, tuple[str, ...]] = {
    "configMapVolume": ("configMap", "mountPath"),
    "dataVolume": ("id", "mountPath"),
    "emptyDirVolume": ("path",),
    "git": ("repository", "path"),
    "hostPath": ("path", "mountPath"),
    "nfs": ("server", "path", "mountPath"),
    "pvc": ("path",),
    "s3": ("bucket", "path"),
    "secretVolume": ("secret", "mountPath"),
}
"""Fields that each type of volume must state."""


def required_fields(pod: Part) -> Iterator[Problem]:
    """Ask that every volume is whole."""
    for volume, fields in NEEDS.items():
        for item in items(pod, "storage", volume):
            yield from missing(item, *fields)


def mount_points(pod: Part) -> Iterator[Problem]:
    """Ask that no two volumes are mounted at one path, and no two of a type share a name."""
    places: dict[str, str] = {}
    for volume, fields in NEEDS.items():
        names: set[str] = set()
        for item in items(pod, "storage", volume):
            yield from _own_name(item, volume, names)
            field = "mountPath" if "mountPath" in fields else "path"
            place = item.get(field)
            if not isinstance(place, str) or is_open(place):
                continue
            place = place.rstrip("/") or "/"
            if place in places:
                yield found(
                    COMBINATION,
                    item.at(field),
                    f"is {place}, where {places[place]} is mounted already",
                    "mount it elsewhere",
                )
            places.setdefault(place, item.path)


def _own_name(item: Part, volume: str, names: set[str]) -> Iterator[Problem]:
    name = item.get("name")
    if not isinstance(name, str) or is_open(name):
        return
    if name in names:
        yield found(
            COMBINATION, item.at("name"), f"is {name} twice in storage.{volume}", "rename one of them"
        )
    names.add(name)


def claims(pod: Part) -> Iterator[Problem]:
    """Ask for the name of an existing claim, and for the size of a new one."""
    for claim in items(pod, "storage", "pvc"):
        yield from whole_claim(claim)


def whole_claim(claim: Part) -> Iterator[Problem]:
    """Ask that one claim is there and named, or described so that it can be made."""
    info = claim.get("claimInfo")
    size = info.get("size") if isinstance(info, Mapping) else None
    if claim.get("existingPvc") is True:
        yield from missing(claim, "claimName")
        if info:
            yield found(
                COMBINATION,
                claim.at("claimInfo"),
                "describes a new claim, but existingPvc is true",
                "remove claimInfo, or existingPvc",
            )
    elif size is None:
        yield found(
            NEEDED,
            claim.at("claimInfo/size"),
            "is missing: a new claim needs a size",
            "add claimInfo: {size: 100Gi}, or existingPvc: true for a claim that is there",
        )


def host_paths(pod: Part) -> Iterator[Problem]:
    """Ask for one mountPropagation in all hostPath items."""
    first: Json = None
    for item in items(pod, "storage", "hostPath"):
        stated = item.get("mountPropagation")
        first = first or stated
        if stated and stated != first:
            yield found(
                COMBINATION,
                item.at("mountPropagation"),
                f"is {stated}, but {first} in another hostPath item",
                "write one value in all of them",
            )


def git_secrets(pod: Part) -> Iterator[Problem]:
    """Ask that a repository's secret is whole and stated once."""
    for item in items(pod, "storage", "git"):
        secret = item.get("secretRef")
        if not isinstance(secret, Mapping):
            continue
        yield from missing(Part(item.at("secretRef"), secret), "name", "authenticationMethod")
        if item.has("passwordSecret"):
            yield found(
                COMBINATION,
                item.at("passwordSecret"),
                "stands beside secretRef, which replaces it",
                "remove it",
            )
