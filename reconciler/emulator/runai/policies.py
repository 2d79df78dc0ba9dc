"""The routes of policies: which rules and defaults are in force, and where."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from reconciler.emulator.runai.call import Call, Platform, read_id, route
from reconciler.emulator.runai.errors import bad_request, not_found
from reconciler.emulator.runai.kinds import NIM
from reconciler.emulator.runai.records import Project, made_id
from reconciler.emulator.runai.registry import own_kinds
from reconciler.emulator.runai.rows import stamp
from reconciler.emulator.runai.seed import FOUNDED

Json = Any
_SCOPES: Mapping[str, str | None] = {
    "tenant": None,
    "cluster": "clusterId",
    "department": "departmentId",
    "project": "projectId",
}


def routes(platform: Platform) -> Iterator[Route]:
    """Yield the routes of this API level."""
    for kind in own_kinds():
        if kind is not NIM or platform.level >= (2, 24):
            handler = partial(show, kind.plural)
            yield route(platform, "GET", f"/api/v2/policy/{kind.plural}", handler)


def show(plural: str, call: Call) -> Response:
    """Show the rules in force in a scope; only projects have any here."""
    scope, where, project = _scope(call)
    rules = _tree(project.policy) if project else {}
    by = {"createdBy": "admin@wattfield.example", "createdAt": stamp(FOUNDED)}
    changed = {"updatedBy": "admin@wattfield.example", "updatedAt": stamp(FOUNDED)}
    meta = {
        "id": made_id("policy", plural, scope, *where.values()),
        "name": plural,
        "scope": scope,
        "tenantId": call.world.tenant_id,
        **where,
        **by,
        **changed,
    }
    policy = {"defaults": None, "rules": rules or None}
    return JSONResponse(
        {
            "meta": meta,
            "policy": policy if rules else None,
            "effective": policy,
            "effectiveUpdatedAt": stamp(FOUNDED),
        }
    )


def _scope(call: Call) -> tuple[str, dict[str, Json], Project | None]:
    """Read which scope is meant.  Raises ApiError 400, and 404 if there is none such."""
    scope = call.query.get("scope") or ""
    if scope not in _SCOPES:
        raise bad_request(f"scope '{scope}' is not one of {', '.join(_SCOPES)}")
    key = _SCOPES[scope]
    if key is None:
        return scope, {}, None
    id_ = call.query.get(key) or ""
    if not id_:
        raise bad_request(f"{key} is required for scope {scope}")
    if scope == "cluster":
        id_ = read_id(id_)
    known: Mapping[str, Mapping[str, Json]] = {
        "cluster": call.world.clusters,
        "department": call.world.departments,
        "project": call.world.projects,
    }
    if id_ not in known[scope]:
        raise not_found(f"{scope} {id_} was not found")
    project = call.world.projects[id_] if scope == "project" else None
    if project:
        call.must_reach(project)
    return scope, {key: int(id_) if scope == "project" else id_}, project


def _tree(policy: Mapping[str, Mapping[str, Json]]) -> dict[str, Json]:
    """Spell rules by dotted paths as the tree that they are, below `spec`."""
    tree: dict[str, Json] = {}
    for path, rule in policy.items():
        *outer, last = path.removeprefix("spec.").split(".")
        place = tree
        for name in outer:
            place = place.setdefault(name, {})
        place[last] = _rule(rule)
    return tree


def _rule(rule: Mapping[str, Json]) -> dict[str, Json]:
    options = rule.get("options")
    spelled = {"options": [{"value": each} for each in options]} if options else {}
    return {**rule, **spelled}
