"""Rules: what the server refuses, drops without a word, or cannot keep, found before anything is sent.

Pure functions from a part of a spec to problems with pointers. What the schema already says (types, words,
ranges) is not said again. A rule holds for both generations of the server, for which one answers is not known
here. What hangs on the time is judged where it is sent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta

from reconciler.finding import (
    COMBINATION,
    NEEDED,
    QUANTITY,
    RANGE,
    VALUE,
    Part,
    found,
    is_open,
    items_of,
    missing,
    number,
    part,
    whole,
)
from reconciler.pointer import escaped
from reconciler.problem import Problem
from reconciler.providers.primus_safe.kinds.moment import moment_of
from reconciler.providers.primus_safe.kinds.weight import pods_of
from reconciler.quantity import quantity_value, says_few_bytes
from reconciler.resource import Json

Rule = Callable[[Part], Iterator[Problem]]

AMOUNTS = ("cpu", "gpu", "memory", "ephemeralStorage", "sharedMemory")
_POSITIVE = tuple(name for name in AMOUNTS if name != "gpu")
LONGEST_IMAGE = 128
"""Characters of an image: a server of the first generation never shows the workload of a longer one."""
LONGEST_AMOUNT = 40
LONGEST_DESCRIPTION = 1_500
"""Bytes of a description; with the mark behind it, it stays within the 2,000 that an index can hold."""
LONGEST_PROBE = 128
_PROBE_DEFAULTS = {"initialDelaySeconds": 600, "periodSeconds": 3, "failureThreshold": 3}
_GO_ESCAPES = re.compile("[<>&\u2028\u2029]")
_LABEL_PART = re.compile(r"[a-z0-9]([a-zA-Z0-9._-]{0,62}[a-z0-9])?", re.ASCII)
_NODE_KEYS = {
    "kubernetes.io/hostname": "specifiedNodes",
    "specified-nodes": "specifiedNodes",
    "excluded-nodes": "excludedNodes",
}
_MARK = "[reconciler "
_CRON_LINE = re.compile(r"\S+(\s+\S+){4}")
_YEAR, _MINUTE = timedelta(days=365), timedelta(minutes=1)


def check_job(spec: Mapping[str, Json]) -> Iterator[Problem]:
    """Find what the server would not take of the spec of a PyTorchJob."""
    yield from _check(whole(spec), (*_PROGRAM, dependencies))


def check_application(spec: Mapping[str, Json]) -> Iterator[Problem]:
    """Find what the server would not take of the spec of a Deployment or a StatefulSet."""
    yield from _check(whole(spec), (*_PROGRAM, probes))


def check_authoring(spec: Mapping[str, Json]) -> Iterator[Problem]:
    """Find what the server would not take of the spec of an Authoring."""
    yield from _check(whole(spec), (*_WORKLOAD, one_pod))


def _check(stated: Part, rules: tuple[Rule, ...]) -> Iterator[Problem]:
    for rule in rules:
        yield from rule(stated)


def check_times(spec: Mapping[str, Json], now: datetime) -> Iterator[Problem]:
    """Find the times that the server would refuse if it were sent them now: those past, or a year away."""
    for time in items_of(whole(spec), "cronJobs"):
        at = moment_of(time.get("schedule"))
        if at is None:
            continue
        if at <= now:
            says = f"is {time.get('schedule')}, which is past"
            yield found(RANGE, time.at("schedule"), says, "write a later time, or remove it to start at once")
        elif at > now + _YEAR - _MINUTE:
            says = f"is {time.get('schedule')}, more than a year away"
            yield found(RANGE, time.at("schedule"), says, "the server takes times within a year")


def program(spec: Part) -> Iterator[Problem]:
    """Ask for an image and for what it runs."""
    yield from missing(spec, "image", "entryPoint")
    script = spec.get("entryPoint")
    if isinstance(script, str) and not script.strip():
        yield found(NEEDED, spec.at("entryPoint"), "holds no command", "write what the container runs")


def image(spec: Part) -> Iterator[Problem]:
    """Ask that an image is one word, and fits where the server keeps it."""
    name = spec.get("image")
    if not isinstance(name, str) or is_open(name):
        return
    if any(map(str.isspace, name)):
        yield found(VALUE, spec.at("image"), f'is "{name}", which holds white space', "remove it")
    if len(name) > LONGEST_IMAGE:
        says = f"has {len(name)} characters; a server of generation 1 loses the workload of more than 128"
        yield found(RANGE, spec.at("image"), says, "give it a shorter name, or a tag for its digest")


def resource(spec: Part) -> Iterator[Problem]:
    """Ask for what every pod needs, in amounts that can be read."""
    asked = part(spec, "resource")
    yield from missing(spec, "resource") if not spec.has("resource") else missing(asked, "cpu", "memory")
    for name in AMOUNTS:
        value = asked.get(name)
        if isinstance(value, str) and not is_open(value):
            yield from _amount(asked, name, value)


def _amount(asked: Part, name: str, text: str) -> Iterator[Problem]:
    value = quantity_value(text) if len(text) <= LONGEST_AMOUNT else None
    if value is None:
        yield found(
            QUANTITY, asked.at(name), f'is "{text}", not a quantity', "write a number with a suffix: 16Gi"
        )
    elif name in _POSITIVE and value == 0:
        yield found(RANGE, asked.at(name), f"is {text}, not more than 0", "write how much a pod needs")
    elif name == "memory" and value <= 1 and not asked.has("sharedMemory"):
        says = f"{says_few_bytes(text)}, and the server halves it for shared memory"
        yield found(RANGE, asked.at(name), says, "write the suffix that is meant: 500Mi, 16Gi")
    elif name == "gpu" and value.denominator != 1:
        yield found(RANGE, asked.at(name), f"is {text}: GPUs are given out whole", "write a whole number")


def pods(spec: Part) -> Iterator[Problem]:
    """Ask for the number of pods, and that it is that of the nodes where those are specified."""
    asked = part(spec, "resource")
    nodes, replica = spec.get("specifiedNodes"), number(asked.get("replica"))
    if not nodes and spec.has("resource") and not asked.has("replica"):
        yield from missing(asked, "replica")
    if nodes and replica is not None and replica != len(nodes):
        yield found(
            COMBINATION,
            asked.at("replica"),
            f"is {replica:g}, but specifiedNodes has {len(nodes)}: a pod runs on each",
            "leave replica out",
        )


def nodes(spec: Part) -> Iterator[Problem]:
    """Ask that nodes are named once, and that nothing is said of them that the server drops."""
    for name in ("specifiedNodes", "excludedNodes"):
        listed = spec.get(name) or []
        for index, node in enumerate(listed):
            if node in listed[:index]:
                yield found(
                    COMBINATION, f"{spec.at(name)}/{index}", f"names {node} twice", "remove one of them"
                )
    if spec.has("nodesAffinity") and not spec.get("specifiedNodes"):
        yield found(
            COMBINATION,
            spec.at("nodesAffinity"),
            "says nothing without specifiedNodes: the server drops it",
            "add specifiedNodes:, or remove nodesAffinity",
        )
    if spec.get("excludedNodes") and spec.get("specifiedNodes") and spec.get("nodesAffinity") != "preferred":
        yield found(
            COMBINATION,
            spec.at("excludedNodes"),
            "says nothing beside required specifiedNodes: the server drops it",
            "remove it, or write nodesAffinity: preferred",
        )


def labels(spec: Part) -> Iterator[Problem]:
    """Ask for labels of nodes that the server takes and keeps."""
    owner = part(spec, "customerLabels")
    for key, value in owner.fields.items():
        if key in _NODE_KEYS:
            instead = _NODE_KEYS[key]
            yield found(
                VALUE, owner.at(escaped(key)), f"is how the server keeps {instead}", f"write {instead}:"
            )
        elif len(key.split("/")) > 2 or not all(map(_LABEL_PART.fullmatch, key.split("/"))):
            yield found(
                VALUE,
                owner.at(escaped(key)),
                "is not a key that the server takes",
                "at most one '/'; each part of 1 to 64 letters, digits and '._-', "
                "a small letter or digit at its ends",
            )
        elif value == "":
            yield found(
                VALUE, owner.at(escaped(key)), "is empty, so that the server drops it", "give it a value"
            )


def environment(spec: Part) -> Iterator[Problem]:
    """Ask for names of variables that come back as they were sent."""
    owner = part(spec, "env")
    for name in owner.fields:
        if not name or name != name.strip() or "=" in name:
            says = f'"{name}" is not the name of a variable'
            yield found(VALUE, owner.at(escaped(name)), says, "no white space around it, and no '='")


def description(spec: Part) -> Iterator[Problem]:
    """Ask for a note that leaves room for the mark behind it."""
    text = spec.get("description")
    size = len(text.encode(errors="surrogatepass")) if isinstance(text, str) else 0
    if size > LONGEST_DESCRIPTION:
        says = f"has {size:,} bytes; {LONGEST_DESCRIPTION:,} leave room for the mark that follows it"
        yield found(RANGE, spec.at("description"), says, "shorten it")
    if isinstance(text, str) and _MARK in text:
        says = f'holds "{_MARK}", with which reconciler begins its own mark'
        yield found("RC130", spec.at("description"), says, "write something else")


def service(spec: Part) -> Iterator[Problem]:
    """Ask for a whole address, which the server takes in either generation."""
    if not spec.has("service"):
        return
    stated = part(spec, "service")
    yield from missing(stated, "port", "targetPort", "serviceType")
    if stated.get("serviceType") == "NodePort" and not stated.has("nodePort"):
        yield found(
            NEEDED,
            stated.at("nodePort"),
            "is missing: serviceType is NodePort",
            "add nodePort:, a free port of the nodes such as 30080, or write serviceType: ClusterIP",
        )


def times(spec: Part) -> Iterator[Problem]:
    """Ask for times that the server can read; whether they are to come is judged where they are sent."""
    for time in items_of(spec, "cronJobs"):
        yield from missing(time, "schedule")
        text = time.get("schedule")
        if not isinstance(text, str) or is_open(text) or moment_of(text) is not None:
            continue
        is_line = _CRON_LINE.fullmatch(text.strip())
        what = "a cron line: the server takes one time, and starts it once" if is_line else "not a time"
        yield found(
            VALUE,
            time.at("schedule"),
            f'is "{text}", {what}',
            'write a time in UTC: "2026-12-24T03:00:00Z"',
        )


def secrets(spec: Part) -> Iterator[Problem]:
    """Ask that each secret is named."""
    for secret in items_of(spec, "secrets"):
        yield from missing(secret, "id")


def probes(spec: Part) -> Iterator[Problem]:
    """Ask for probes that say whom to ask, in the room that the server has for them."""
    for name in ("liveness", "readiness"):
        if not spec.has(name):
            continue
        probe = part(spec, name)
        yield from missing(probe, "path", "port")
        path = probe.get("path")
        if not isinstance(path, str) or is_open(path):
            continue
        spare = LONGEST_PROBE - _kept_length(probe)
        if spare < 0:
            longest = max(len(path) + spare, 0)
            says = f"has {len(path)} characters; the server has room for {longest}, and loses the workload"
            yield found(RANGE, probe.at("path"), says, "serve the probe under a shorter path")


def _kept_length(probe: Part) -> int:
    """Count the characters in which the server keeps a probe: JSON, with a few characters spelled out."""
    kept = {"path": "", "port": 0, **_PROBE_DEFAULTS, **probe.fields}
    text = json.dumps(kept, separators=(",", ":"), ensure_ascii=False)
    return len(text) + 5 * len(_GO_ESCAPES.findall(text))


def dependencies(spec: Part) -> Iterator[Problem]:
    """Ask that each job that is waited for is named once, and for all to read."""
    listed = spec.get("dependencies") or []
    for index, name in enumerate(listed):
        at = f"{spec.at('dependencies')}/{index}"
        if is_open(name):
            says = "is filled in later; which jobs come first must stand in the manifest"
            yield found(VALUE, at, says, "write the name of the job's manifest")
        elif name in listed[:index]:
            yield found(COMBINATION, at, f"names {name} twice", "remove one of them")


def one_pod(spec: Part) -> Iterator[Problem]:
    """Ask for one pod: the server makes no more of an Authoring."""
    asked = part(spec, "resource")
    if asked.has("replica") and pods_of(spec.fields) != 1:
        yield found(RANGE, asked.at("replica"), "is not 1: an Authoring is one pod", "leave it out")


_WORKLOAD: tuple[Rule, ...] = (
    image,
    resource,
    nodes,
    labels,
    environment,
    description,
    service,
    times,
    secrets,
)
_PROGRAM: tuple[Rule, ...] = (program, *_WORKLOAD, pods)
