"""Rules for the container: image, environment, rights."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from reconciler.finding import (
    COMBINATION,
    NEEDED,
    RANGE,
    VALUE,
    Part,
    found,
    is_open,
    items,
    missing,
    part,
)
from reconciler.mark import PREFIX, VARIABLES
from reconciler.problem import Problem

LONGEST_VALUE = 10_000
SOURCES = ("value", "secret", "configMap", "podFieldRef", "userCredential")
_SOURCE_FIELDS = {
    "secret": ("name", "key"),
    "configMap": ("name", "key"),
    "podFieldRef": ("path",),
    "userCredential": ("name", "key"),
}
_SINGLE = (
    ("environmentVariables", "name"),
    ("annotations", "name"),
    ("labels", "name"),
    ("imagePullSecrets", "name"),
    ("tolerations", "name"),
    ("ports", "container"),
    ("exposedUrls", "container"),
    ("relatedUrls", "name"),
)
_GROUPS = re.compile(r"\s*[0-9]+(\s*,\s*[0-9]+)*\s*|", re.ASCII)


def image_is_named(pod: Part) -> Iterator[Problem]:
    """Ask for an image, unless a template brings one."""
    if not pod.has("image") and not pod.has("templateId"):
        yield found(
            NEEDED, pod.at("image"), "is missing", "add image:, or templateId: of a template that has one"
        )


def environment(pod: Part) -> Iterator[Problem]:
    """Ask that every variable has a name of its own and exactly one source."""
    for variable in items(pod, "environmentVariables"):
        yield from missing(variable, "name")
        yield from _one_source(variable)
        value = variable.get("value")
        if isinstance(value, str) and len(value) > LONGEST_VALUE:
            yield found(
                RANGE,
                variable.at("value"),
                f"has {len(value):,} characters; the platform takes {LONGEST_VALUE:,}",
                "put it into a ConfigMap or a file",
            )


def reserved_names(pod: Part) -> Iterator[Problem]:
    """Keep the names free under which the owner's mark travels."""
    for field in ("environmentVariables", "annotations", "labels"):
        for item in items(pod, field):
            name = item.get("name")
            if name in VARIABLES or (isinstance(name, str) and name.startswith(PREFIX)):
                yield found(
                    "RC130", item.at("name"), "is reserved for reconciler's mark", "take another name"
                )


def _one_source(variable: Part) -> Iterator[Problem]:
    stated = [source for source in SOURCES if variable.has(source)]
    if not stated:
        yield found(
            NEEDED, variable.pointer, "has no value", "add value:, secret:, configMap: or podFieldRef:"
        )
    if len(stated) > 1:
        yield found(
            COMBINATION,
            variable.at(stated[1]),
            f"stands beside {stated[0]}: a variable has one source",
            f"remove {' or '.join(stated)}",
        )
    for source in stated:
        value = variable.get(source)
        if isinstance(value, Mapping):
            yield from missing(Part(variable.at(source), value), *_SOURCE_FIELDS.get(source, ()))


def names_are_single(pod: Part) -> Iterator[Problem]:
    """Ask that no two items of a list answer to one name."""
    for field, key in _SINGLE:
        seen: set[str | int] = set()
        for item in items(pod, field):
            value = item.get(key)
            if not isinstance(value, str | int) or is_open(value):
                continue
            if value in seen:
                yield found(COMBINATION, item.at(key), f"is {value} twice in {field}", "remove one of them")
            seen.add(value)


def terminal(pod: Part) -> Iterator[Problem]:
    """Ask for stdin where there is a terminal."""
    if pod.get("tty") is True and pod.get("stdin") is not True:
        yield found(COMBINATION, pod.at("tty"), "needs stdin: true", "add stdin: true, or remove tty")


def security(pod: Part) -> Iterator[Problem]:
    """Ask for rights in the form that the platform takes."""
    rights = part(pod, "security")
    if rights.get("seccompProfileType") == "Localhost":
        yield found(
            VALUE,
            rights.at("seccompProfileType"),
            "is Localhost, which the platform does not support yet",
            "write RuntimeDefault or Unconfined",
        )
    groups = rights.get("supplementalGroups")
    if isinstance(groups, str) and not is_open(groups) and not _GROUPS.fullmatch(groups):
        yield found(
            VALUE,
            rights.at("supplementalGroups"),
            f'is "{groups}", not group ids',
            'write ids with commas: "100,2000"',
        )
    if rights.get("uidGidSource") == "fromTheImage":
        for field in ("runAsUid", "runAsGid", "supplementalGroups"):
            if rights.has(field):
                yield found(
                    COMBINATION,
                    rights.at(field),
                    "has no effect while uidGidSource is fromTheImage",
                    "write uidGidSource: custom",
                    warning=True,
                )


def probes(pod: Part) -> Iterator[Problem]:
    """Ask that a probe says how to ask."""
    readiness = part(pod, "probes", "readiness")
    if readiness.fields:
        yield from missing(readiness, "handler")
