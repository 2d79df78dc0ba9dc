"""Build request bodies: the only place where secrets are opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate

from reconciler.kind import NOTHING, Kind
from reconciler.mark import Mark
from reconciler.pointer import ROOT, is_below, leaves, parts
from reconciler.problem import Severity
from reconciler.provider import Edit
from reconciler.providers.runai.details import ASIDE, BESIDE
from reconciler.providers.runai.layers import at, put, whole_field
from reconciler.providers.runai.manifests import dense, laid_over
from reconciler.providers.runai.marks import marked, pointers, with_marks, with_notes
from reconciler.providers.runai.routes import ROUTES
from reconciler.resource import Json, Observed, Resource, Scope
from reconciler.secret import revealed


def create_body(scope: Scope, resource: Resource, mark: Mark, kind: Kind) -> dict[str, Json]:
    """Build the body of a create: ids, the spec with its secrets, our mark and the record."""
    build = _create_v2 if ROUTES[kind.name].is_v2 else _create_v1
    return build(scope, resource, mark, kind)


def _create_v1(scope: Scope, resource: Resource, mark: Mark, kind: Kind) -> dict[str, Json]:
    spec = revealed(resource.spec)
    beside = {field: spec.pop(field) for field in BESIDE.get(kind.name, _BESIDE) if field in spec}
    return {
        "name": resource.key.name,
        "projectId": scope.id,
        "clusterId": scope.cluster_id,
        **{field: value for field, value in beside.items() if value is not None},
        "spec": marked(spec, resource.spec, mark, kind),
    }


def _create_v2(scope: Scope, resource: Resource, mark: Mark, kind: Kind) -> dict[str, Json]:
    """Build a create of the v2 API: the project says which cluster, which may not be named as well."""
    spec = revealed(resource.spec)
    metadata: dict[str, Json] = {"name": resource.key.name, "projectId": scope.id}
    if kind.name != "ExternalWorkload":
        return {"metadata": metadata, "spec": marked(spec, resource.spec, mark, kind)}
    metadata |= {field: spec[field] for field in ASIDE if spec.get(field) is not None}
    spec = {"manifest": dense(spec["manifest"])}
    manifest = _named(marked(spec, resource.spec, mark, kind)["manifest"], resource.key.name)
    return {"metadata": metadata, "manifest": manifest}


def _named(manifest: Mapping[str, Json], name: str) -> dict[str, Json]:
    """Give a manifest the name of its workload; it may leave it out, and may have no other."""
    return {**manifest, "metadata": {**(manifest.get("metadata") or {}), "name": name}}


def update_body(
    observed: Observed, resource: Resource, edit: Edit, mark: Mark, kind: Kind
) -> dict[str, Json]:
    """Build the body of an update, as its kind takes it.

    What the platform does with a part of a list or of an object is not documented, so each field is
    sent as it shall be. Live items that were never ours are sent back as they are.
    """
    build = _update_external if kind.name == "ExternalWorkload" else _update_fields
    return build(observed, resource, edit, mark, kind)


def _update_fields(
    observed: Observed, resource: Resource, edit: Edit, mark: Mark, kind: Kind
) -> dict[str, Json]:
    """Send the top-level fields that change, each whole, and where our mark can change that as well."""
    always = _REWRITTEN.get(kind.name, {})
    spec = _changed(observed, resource, edit, kind, *always)
    rewritten = {field: write(spec[field], resource.spec, mark, kind) for field, write in always.items()}
    return {"spec": {**spec, **rewritten}}


def _update_external(
    observed: Observed, resource: Resource, edit: Edit, mark: Mark, kind: Kind
) -> dict[str, Json]:
    """Send everything: a PUT puts one whole thing in the place of another.

    The manifest is what git declares laid over what is live, without what the cluster wrote: what
    others declared in it stays. To send the declared manifest alone would take that away, and a field
    left out of `metadata` may mean its default, so both are sent even where only one changes.
    """
    before = _recorded(observed, kind) | set(edit.removed)
    removed = {_field(pointer) for pointer in edit.removed}
    aside = {field: whole_field(field, observed.spec, resource, edit, before) for field in _PUT_ASIDE}
    wanted = revealed(resource.spec)["manifest"]
    manifest = laid_over(observed.spec["manifest"], wanted, edit, resource.lifecycle, before)
    spec = marked({"manifest": manifest}, resource.spec, mark, kind)
    return {
        "metadata": {field: value for field, value in aside.items() if value is not None or field in removed},
        "manifest": _named(spec["manifest"], resource.key.name),
    }


_BESIDE = ("templateId",)
_PUT_ASIDE = ("category", "priority")
_REWRITTEN: Mapping[str, Mapping[str, Callable[[Json, Mapping[str, Json], Mark, Kind], Json]]] = {
    "Inference": {"environmentVariables": with_marks},
    "NimService": {"annotations": with_notes},
}
"""Fields that every update sends, because they carry our mark and the record."""


def _changed(observed: Observed, resource: Resource, edit: Edit, kind: Kind, *always: str) -> dict[str, Json]:
    """Make the top-level fields that change, each whole."""
    before = _recorded(observed, kind) | set(edit.removed)
    fields = {_field(pointer) for pointer in (*edit.changed, *edit.removed)} | {*always}
    spec = {field: whole_field(field, observed.spec, resource, edit, before) for field in sorted(fields)}
    sent = _with_followers(spec, observed.spec, resource, kind)
    return _without_husks(sent, {**observed.spec, **sent}, resource, edit, kind)


def with_key(mark: Mark, identity: str) -> Mark:
    """Fill the key into a mark."""
    return replace(mark, key=identity)


def _recorded(observed: Observed, kind: Kind) -> set[str]:
    if observed.record is not None:
        return set(pointers(observed.record, kind))
    return set(observed.record_paths or ())


def _field(pointer: str) -> str:
    return pointer.removeprefix("/spec").split("/")[1]


def _with_followers(
    spec: Mapping[str, Json], live: Mapping[str, Json], resource: Resource, kind: Kind
) -> dict[str, Json]:
    """Let undeclared values that are defaults of others, as maxReplicas of minReplicas, follow those.

    A platform that shows its defaults would else be sent the old ones, which contradict the new spec.
    """
    sent, declared = dict(spec), set(pointers(resource.spec, kind))
    old, new = kind.canonical(live), kind.canonical({**live, **spec})
    for field in spec:
        for pointer in pointers({field: live.get(field)}, kind):
            was, will = kind.default(old, pointer), kind.default(new, pointer)
            path = parts(pointer, f"/spec/{field}")
            if pointer not in declared and was != will and at(sent[field], path) == was:
                sent[field] = put(sent[field], path, None if will is NOTHING else will)
    return sent


def _without_husks(
    sent: Mapping[str, Json], whole: Mapping[str, Json], resource: Resource, edit: Edit, kind: Kind
) -> dict[str, Json]:
    """Clear as a whole each block that cannot stand without what is removed from it.

    Git says nothing more of such a block, and what is left are defaults, or lacks what the platform
    needs, as a scaling without its metric; what others put there goes with it.
    """
    spec, declared, spelled = dict(sent), pointers(resource.spec, kind), kind.canonical(whole)
    chosen = [pointer for pointer, value in leaves(spelled) if kind.default(spelled, pointer) != value]
    lacking = [problem.pointer for problem in kind.check(whole) if problem.severity is Severity.ERROR]
    nulled = (pointer for pointer, default in edit.removed.items() if default is None)
    for block in {_undeclared_block(pointer, declared) for pointer in nulled} - {""}:
        field, *path = parts(block, ROOT)
        is_husk = _has_any(lacking, block) or not _has_any(chosen, block)
        if is_husk and isinstance(at(spec.get(field), path), Mapping):
            spec[field] = put(spec[field], path, None)
    return spec


def _undeclared_block(pointer: str, declared: Sequence[str]) -> str:
    """Find the widest block around a pointer of which git says nothing; "" for none."""
    blocks = accumulate(pointer.split("/")[2:-1], lambda path, name: f"{path}/{name}", initial=ROOT)
    return next((block for block in blocks if block != ROOT and not _has_any(declared, block)), "")


def _has_any(pointers: Sequence[str], block: str) -> bool:
    return any(is_below(pointer, block) for pointer in pointers)
