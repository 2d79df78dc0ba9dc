"""What the submission service refuses, and in which words."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.emulator.runai.errors import ApiError, bad_request
from reconciler.emulator.runai.fields import MASTER, SPECS
from reconciler.emulator.runai.kinds import CATEGORIES, PRIORITIES
from reconciler.emulator.runai.merge import merge
from reconciler.emulator.runai.records import Project, Spec
from reconciler.emulator.runai.rules import clashes, master_clashes
from reconciler.emulator.runai.shapes import FLAG, SOME, Block, Flaw, Text, flaws
from reconciler.emulator.runai.switches import Switches
from reconciler.emulator.runai.world import World

Json = Any
NAME_MAX = 63
_NAME = re.compile(r"^[a-z](?:[-a-z0-9]*[a-z0-9])?$")
_UUID = Text(form="uuid")
_ENVELOPE = Block(
    {
        "name": SOME,
        "useGivenNameAsPrefix": FLAG,
        "projectId": Text(),
        "clusterId": _UUID,
        "templateId": _UUID,
        "spec": Block({}),
    },
    ("name", "projectId", "clusterId"),
)
_WITH_MASTER = Block(
    {**_ENVELOPE.fields, "masterSpecSameAsWorker": FLAG, "masterSpec": MASTER}, _ENVELOPE.required
)


@dataclass(frozen=True, slots=True)
class Submission:
    """An accepted request to create: the spec holds only fields of its type, template merged."""

    name: str
    requested_name: str
    project: Project
    spec: Spec
    master: Spec | None
    master_asked: Spec | None
    master_same: bool | None


def refuse_flaws(found: list[Flaw]) -> None:
    """Refuse a body with the first flaw as message, and all policy-like ones as issues."""
    if not found:
        return
    found = [flaw._replace(path=flaw.path.lstrip(".")) for flaw in found]
    issues = [
        {"field": flaw.path, "details": f"{flaw.path} {flaw.message}", "rule": flaw.rule}
        for flaw in found
        if flaw.rule
    ]
    raise bad_request(f"{found[0].path} {found[0].message}", issues)


def read_submission(world: World, kind: str, body: Json, switches: Switches) -> Submission:
    """Check a create request the way the service does, from the outside in.

    Raises ApiError 400.
    """
    if not isinstance(body, dict):
        raise ApiError(400, "Failed to read request body")
    if body.get("name") == "":
        raise bad_request("Workload name must not be empty")
    is_led = kind == "Distributed"
    refuse_flaws(list(flaws(body, _WITH_MASTER if is_led else _ENVELOPE, "")))
    if flaw := name_flaw(body["name"]):
        raise bad_request(flaw)
    project = _project(world, body)
    spec = merge(_template(world, body.get("templateId")), body.get("spec") or {})
    refuse_flaws(list(flaws(spec, SPECS[kind], "spec")))
    spec = known(spec, SPECS[kind])
    asked, same = (body.get(key) if is_led else None for key in ("masterSpec", "masterSpecSameAsWorker"))
    asked = None if asked is None else known(asked, MASTER)
    master = {**spec, **asked} if asked is not None and switches.master_inherits else asked
    flawed = [*clashes(kind, spec, switches), *master_clashes(same, master, switches)]
    refuse_flaws([*flawed, *policy_flaws(project, spec)])
    check_names_used(world, project, spec)
    name = suffixed(world, body["name"]) if body.get("useGivenNameAsPrefix") else body["name"]
    return Submission(name, body["name"], project, spec, master, asked, same)


def name_flaw(name: str) -> str | None:
    """Say why a name could not be a Kubernetes label."""
    if not name:
        return "Workload name must not be empty"
    if len(name) > NAME_MAX:
        return "The length of a workload name must not exceed 63 characters"
    if not _NAME.match(name):
        return (
            "The workload name must consist of lower case alphanumeric characters or '-', "
            "and start with an alphabetic character."
        )
    return None


def suffixed(world: World, name: str) -> str:
    """Make a name of a prefix."""
    return f"{name[: NAME_MAX - 9]}-{world.fresh_suffix()}"


def _project(world: World, body: Mapping[str, Json]) -> Project:
    project = world.projects.get(body["projectId"])
    if project is None:
        raise bad_request(f"project '{body['projectId']}' was not found")
    if project.cluster != body["clusterId"].lower():
        raise bad_request(f"project '{project.name}' does not belong to cluster '{body['clusterId']}'")
    return project


def _template(world: World, id_: str | None) -> Spec:
    if id_ is None:
        return {}
    if id_ not in world.templates:
        raise bad_request(f"template '{id_}' was not found")
    return dict(world.templates[id_])


def known(value: Json, shape: Json) -> Json:
    """Drop nulls and keys that the shape does not name, silently, as the service does."""
    if isinstance(shape, Block) and isinstance(value, dict):
        return {
            key: known(value[key], inner) for key, inner in shape.fields.items() if value.get(key) is not None
        }
    if isinstance(value, list):
        return [known(item, shape.of) for item in value]
    return value


def check_names_used(world: World, project: Project, spec: Spec) -> None:
    """Refuse pools, categories and priorities that do not exist.  Raises ApiError 400."""
    if flaw := unavailable(world, project, spec):
        raise bad_request(flaw)


def unavailable(world: World, project: Project, spec: Spec) -> str | None:
    """Say which pool, category or priority of a spec does not exist."""
    pools = world.pool_map(project.cluster)
    for name in spec.get("nodePools") or ():
        if name not in pools:
            return f"node pool '{name}' was not found in the cluster"
    category, priority = spec.get("category"), spec.get("priorityClass")
    if category is not None and category not in CATEGORIES:
        return f"category '{category}' is not available in this cluster"
    if priority is not None and priority not in PRIORITIES:
        return f"priority '{priority}' is not available in this cluster"
    return None


def policy_flaws(project: Project, spec: Spec) -> Iterator[Flaw]:
    """Yield what a project's policy forbids."""
    for path, rules in project.policy.items():
        value: Json = {"spec": spec}
        for step in path.split("."):
            value = value.get(step) if isinstance(value, dict) else None
        yield from _broken(path, rules, value)


def _broken(path: str, rules: Mapping[str, Json], value: Json) -> Iterator[Flaw]:
    if value is None:
        if rules.get("required"):
            yield Flaw(path, "is required by the policy", "required")
        return
    if "max" in rules and value > rules["max"]:
        yield Flaw(path, f"exceeds the maximum of {rules['max']} set by the policy", "max")
    if "min" in rules and value < rules["min"]:
        yield Flaw(path, f"is below the minimum of {rules['min']} set by the policy", "min")
    if "options" in rules and value not in rules["options"]:
        yield Flaw(path, "is not one of the options set by the policy", "options")
    if rules.get("canEdit") is False:
        yield Flaw(path, "cannot be edited by the policy", "canEdit")
