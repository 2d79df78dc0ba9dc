"""Between a spec, in the names of the API page, and what either generation of the server takes. Pure.

A manifest always says `resource`, `image` and `entryPoint`. The second generation has lists of them: a
PyTorchJob of N pods is a master and N-1 workers there, anything else one group.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from reconciler.mark import Mark
from reconciler.pointer import ROOT, is_below, parts
from reconciler.provider import Edit
from reconciler.providers.primus_safe import marks
from reconciler.providers.primus_safe.generation import Generation
from reconciler.providers.primus_safe.wire import resources_of, whole
from reconciler.resource import Json, Observed, Resource, Scope
from reconciler.secret import revealed

PYTORCH = "PyTorchJob"
_ID = re.compile(r"-[a-z0-9]{5}$")
_RESOURCE = ("replica", "cpu", "gpu", "memory", "sharedMemory", "ephemeralStorage")
_SAME = (
    "isSupervised",
    "priority",
    "timeout",
    "maxRetry",
    "ttlSecondsAfterFinished",
    "customerLabels",
    "env",
    "liveness",
    "readiness",
    "service",
    "cronJobs",
    "isTolerateAll",
    "specifiedNodes",
    "excludedNodes",
    "nodesAffinity",
    "secrets",
    "privileged",
    "useWorkspaceStorage",
    "forceHostNetwork",
)
_PROGRAMS = ("image", "entryPoint")
_ASKED = f"{ROOT}/resource"
_RENAMED = {"resource": "resources", "image": "images", "entryPoint": "entryPoints"}
_UNSET: Mapping[str, Json] = {
    "priority": 0,
    "timeout": 0,
    "maxRetry": 0,
    "env": {},
    "cronJobs": [],
    "gpu": "0",
    "sharedMemory": "",
    "ephemeralStorage": "50Gi",
    "replica": 1,
}
"""What takes a field back to where nobody stated it: absent keys change nothing."""


def spec_of(row: Mapping[str, Json]) -> dict[str, Json]:
    """Read the spec of a detail, in the names of the API page; what is empty is left out."""
    said = marks.read(row["description"]).text if isinstance(row.get("description"), str) else ""
    found: dict[str, Json] = {
        "description": said,
        "resource": _resource(row),
        "image": _first(row, "image"),
        "entryPoint": _first(row, "entryPoint"),
        "dependencies": _names(row.get("dependencies")),
        **{name: row.get(name) for name in _SAME},
    }
    return {name: value for name, value in found.items() if value not in (None, "", {}, [])}


def _resource(row: Mapping[str, Json]) -> dict[str, Json]:
    """Join the groups of pods; where they ask for different things, the last ones do most of the work."""
    groups = resources_of(row)
    if not groups:
        return {}
    asked = {name: groups[-1][name] for name in _RESOURCE if groups[-1].get(name) not in (None, "")}
    return {**asked, "replica": sum(whole(one, "replica") for one in groups)}


def _first(row: Mapping[str, Json], name: str) -> Json:
    if name in row:
        return row[name]
    several = row.get(_RENAMED[name])
    return several[-1] if isinstance(several, list) and several else None


def _names(ids: Json) -> list[str]:
    """Take the names out of ids, which end in five characters of the server's choice."""
    found = ids if isinstance(ids, list) else []
    return [_ID.sub("", id_) for id_ in found if isinstance(id_, str)]


def create_body(
    scope: Scope, resource: Resource, mark: Mark, generation: Generation, *, after: Sequence[str] = ()
) -> dict[str, Json]:
    """Write the body of a create; `mark` has its key, `after` are ids of jobs that must succeed first."""
    spec = {name: value for name, value in revealed(resource.spec).items() if value is not None}
    spec |= {"dependencies": [*after]} if "dependencies" in spec else {}
    asked = {"replica": len(spec.get("specifiedNodes", ())) or 1, **spec.get("resource", {})}
    body = {
        **{name: value for name, value in spec.items() if name not in _RENAMED},
        "displayName": resource.key.name,
        "workspaceId": scope.id,
        "groupVersionKind": {"kind": resource.key.kind, "version": "v1"},
        "description": marks.described(spec.get("description", ""), mark),
    }
    programs = {name: spec[name] for name in _PROGRAMS if name in spec}
    groups = groups_of(asked, resource.key.kind)
    return (
        body
        | _asked({"resource": groups if generation.is_plural else asked}, generation)
        | _asked(
            {name: _program(name, value, len(groups), generation) for name, value in programs.items()},
            generation,
        )
    )


def patch_body(
    observed: Observed, resource: Resource, edit: Edit, mark: Mark, generation: Generation
) -> dict[str, Json]:
    """Write the body of an update: what changes, and the description with our mark, which has its key.

    What is not mentioned stays as it is. An unchanged priority would be checked like a new one, so each
    field is sent only where it changes.
    """
    spec, touched = _wanted(observed, resource, edit), _touched(edit)
    plain = {name: spec.get(name, _UNSET.get(name)) for name in touched if name not in _RENAMED}
    body = {**plain, "description": marks.described(spec.get("description") or "", mark)}
    if not generation.is_plural:
        return body | _flat(spec, resource, edit)
    groups = groups_of(_freed(spec.get("resource", {}), resource), resource.key.kind)
    is_regrouped = len(groups) != len(groups_of(observed.spec.get("resource", {}), resource.key.kind))
    programs = {name: spec[name] for name in _PROGRAMS if name in spec and (is_regrouped or name in touched)}
    body |= {"resources": groups} if "resource" in touched else {}
    return body | {
        _RENAMED[name]: _program(name, value, len(groups), generation) for name, value in programs.items()
    }


def groups_of(asked: Mapping[str, Json], kind: str) -> list[dict[str, Json]]:
    """Split what is asked for into groups of pods: the master of a PyTorchJob, and its workers."""
    replicas = asked.get("replica", 1)
    if kind != PYTORCH or not isinstance(replicas, int) or replicas < 2:
        return [dict(asked)]
    return [{**asked, "replica": 1}, {**asked, "replica": replicas - 1}]


def with_key(mark: Mark, identity: str) -> Mark:
    """Fill in the key of a mark."""
    return replace(mark, key=identity)


def encoded(entry_point: str) -> str:
    """Encode a command: short plain words pass for base64 on the server and would be decoded to rubbish."""
    return base64.b64encode(entry_point.encode()).decode()


def _asked(fields: Mapping[str, Json], generation: Generation) -> dict[str, Json]:
    return {_RENAMED[name] if generation.is_plural else name: value for name, value in fields.items()}


def _program(name: str, value: str, groups: int, generation: Generation) -> Json:
    """Write an image or a command, once for each group where there are several."""
    sent = encoded(value) if name == "entryPoint" else value
    return [sent] * groups if generation.is_plural else sent


def _flat(spec: Mapping[str, Json], resource: Resource, edit: Edit) -> dict[str, Json]:
    """Write what changes of resources and program as the first generation has it: without any structure."""
    touched, asked = _touched(edit), spec.get("resource", {})
    names = {pointer.split("/")[3] for pointer in _pointers(edit) if is_below(pointer, _ASKED + "/")}
    names |= {*_RESOURCE} & {*asked} if _ASKED in _pointers(edit) else set()
    body = {name: asked.get(name, _UNSET.get(name)) for name in sorted(names)}
    if "memory" in names and "sharedMemory" not in _freed(asked, resource):
        body["sharedMemory"] = ""  # it is half of the memory, and worked out anew only where it is empty
    programs = (name for name in _PROGRAMS if name in touched and spec.get(name))
    return body | {name: _program(name, spec[name], 1, Generation.FIRST) for name in programs}


def _freed(asked: Mapping[str, Json], resource: Resource) -> dict[str, Json]:
    """Leave out the shared memory that nobody states, so that the server works it out anew."""
    stated = resource.spec.get("resource") or {}
    is_stated = stated.get("sharedMemory") is not None or any(
        is_below(f"{_ASKED}/sharedMemory", pointer) for pointer in resource.lifecycle.ignore
    )
    return {name: value for name, value in asked.items() if name != "sharedMemory" or is_stated}


def _wanted(observed: Observed, resource: Resource, edit: Edit) -> dict[str, Json]:
    """Lay what git declares over what is live; what is no longer declared goes, what is ignored stays.

    The environment is wholly ours: a variable that nobody declares goes as well.
    """
    stated = {name: value for name, value in revealed(resource.spec).items() if value is not None}
    spec: Json = {**observed.spec, **stated, "env": dict(stated.get("env", {}))}
    for name in ("resource", "service"):
        if isinstance(stated.get(name), Mapping):
            spec[name] = {**(observed.spec.get(name) or {}), **stated[name]}
    for pointer, default in edit.removed.items():
        spec = _put(spec, parts(pointer, ROOT), default)
    for pointer in resource.lifecycle.ignore:
        spec = _put(spec, parts(pointer, ROOT), _at(observed.spec, parts(pointer, ROOT)))
    return dict(spec)


def _put(tree: Json, path: Sequence[str], value: Json) -> Json:
    """Set a value in nested maps; None takes it out."""
    if not path:
        return value
    inner = tree if isinstance(tree, Mapping) else {}
    made = _put(inner.get(path[0]), path[1:], value)
    kept = {name: each for name, each in inner.items() if name != path[0]}
    return kept if made is None else {**kept, path[0]: made}


def _at(tree: Json, path: Sequence[str]) -> Json:
    for name in path:
        tree = tree.get(name) if isinstance(tree, Mapping) else None
    return tree


def _pointers(edit: Edit) -> tuple[str, ...]:
    return (*edit.changed, *edit.removed)


def _touched(edit: Edit) -> list[str]:
    """Name the fields of the spec that change, in order."""
    return sorted(
        {found[0] for pointer in _pointers(edit) if (found := parts(pointer, ROOT))} - {"description"}
    )
