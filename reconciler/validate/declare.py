"""Declarations: one accepted document turned into the resource it declares."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from reconciler.fleet import Fleet, Target
from reconciler.kind import Kind
from reconciler.mark import PREFIX, VARIABLES
from reconciler.pointer import ROOT, parts, scalars
from reconciler.problem import Location, Problem
from reconciler.resource import Json, Lazy, Resource, ResourceKey
from reconciler.validate.allow import without_allowed
from reconciler.validate.places import at_key, at_value, keyed_pointers, shown, value_at
from reconciler.validate.policy import health_from, lifecycle_from, not_honoured
from reconciler.validate.suggest import did_you_mean
from reconciler.yaml import Document


@dataclass(frozen=True, slots=True)
class Declared:
    """Hold a resource beside the document and the kind it comes from, while all are checked."""

    resource: Resource
    document: Document
    kind: Kind

    @property
    def holds_name(self) -> tuple[str, ...]:
        """Give what may exist only once on the platform."""
        key = self.resource.key
        space = self.kind.name_space or f"{self.kind.api_version}/{key.kind}"
        return (key.target, self.resource.cluster, key.scope, space, key.name)


def declare(document: Document, kind: Kind, target: Target, fleet: Fleet) -> Declared:
    """Build the resource of a document that its schema has accepted."""
    value = document.value
    metadata = value["metadata"]
    scope = metadata.get(kind.scope_word, "") if kind.scope_word else ""
    key = ResourceKey(target.name, scope, kind.name, metadata["name"])
    resource = Resource(
        key=key,
        spec=value["spec"],
        source=Location(document.file, document.first_line),
        cluster=metadata.get("cluster") or "",
        renamed_from=metadata.get("renamedFrom") or "",
        labels=metadata.get("labels") or {},
        lifecycle=lifecycle_from(value.get("lifecycle"), fleet.default_lifecycle),
        health=health_from(value.get("health"), fleet.default_health),
        places=Lazy(lambda: _keyed_places(document)),
    )
    return Declared(resource, document, kind)


def _keyed_places(document: Document) -> dict[str, Location]:
    places = document.places
    pairs = keyed_pointers(document.value).items()
    return {keyed: places[indexed] for keyed, indexed in pairs if indexed in places}


def target_of(document: Document, kind: Kind, fleet: Fleet) -> tuple[Target | None, list[Problem]]:
    """Choose the target that a manifest goes to, or say what it must state."""
    metadata = document.value.get("metadata")
    asked = metadata.get("target") if isinstance(metadata, dict) else None
    able = {target.name: target for target in fleet.targets_of(kind.provider)}
    if not able:
        what = f"the fleet has no target of provider {kind.provider}"
        problem = Problem("RC132", what, hint=f"add one under targets: in {fleet.file}")
        return None, [at_value(document, "/apiVersion", problem)]
    if asked is None and len(able) == 1:
        return next(iter(able.values())), []
    if asked is None:
        problem = Problem(
            "RC132", "metadata.target is needed", hint=f"write one of {', '.join(sorted(able))}"
        )
        return None, [at_key(document, "/metadata", problem)]
    if asked not in able:
        problem = Problem(
            "RC132", f'no target "{asked}" of provider {kind.provider}', hint=did_you_mean(asked, able)
        )
        return None, [at_value(document, "/metadata/target", problem)]
    return able[asked], []


def check_envelope(document: Document, kind: Kind, target: Target | None) -> Iterator[Problem]:
    """Find what the schema cannot say about a manifest's envelope, in whatever shape it is."""
    metadata = document.value.get("metadata")
    if isinstance(metadata, dict):
        yield from _name_rule(document, kind, metadata.get("name"))
        yield from _scope_rule(document, kind, target, metadata)
    lifecycle = document.value.get("lifecycle")
    if isinstance(lifecycle, dict):
        for field, problem in not_honoured(lifecycle, kind, document.value.get("spec")):
            yield at_value(document, f"/lifecycle/{field}", problem)
    yield from _reserved(document)


def check_spec(declared: Declared) -> Iterator[Problem]:
    """Find what the platform would refuse in a spec that its schema accepts."""
    yield from _own_name(declared)
    spec = declared.resource.spec
    yield from _placed(declared, declared.kind.check(spec))
    yield from without_allowed(declared.document, _placed(declared, declared.kind.lint(spec)))


def _name_rule(document: Document, kind: Kind, name: Json) -> Iterator[Problem]:
    if not isinstance(name, str) or "${{" in name:
        return
    if not re.fullmatch(kind.name_pattern, name, re.ASCII) or name.endswith("\n"):
        what = f'"{name[:80]}" is not a name of a {kind.name}'
        problem = Problem("RC106", what, why=kind.name_rule, hint=_plain_name(name, kind))
        yield at_value(document, "/metadata/name", problem)


def _plain_name(name: str, kind: Kind) -> str:
    plain = re.sub(r"[^a-z0-9-]+", "-", name.casefold())[:63].strip("-")
    return f"write {plain}" if plain and re.fullmatch(kind.name_pattern, plain) else ""


def _scope_rule(
    document: Document, kind: Kind, target: Target | None, metadata: Mapping[str, Json]
) -> Iterator[Problem]:
    word = kind.scope_word
    scope, cluster = metadata.get(word), metadata.get("cluster")
    if not isinstance(scope, str) or target is None or not target.scopes:
        return
    plain = [known.rpartition("/")[2] for known in target.scopes]
    if scope in target.scopes or f"{cluster}/{scope}" in target.scopes or (scope in plain and not cluster):
        return
    what = f'{word} "{scope[:80]}" is outside the scope of {target.name}'
    yield at_value(document, f"/metadata/{word}", Problem("RC132", what, hint=did_you_mean(scope, plain)))


def _reserved(document: Document) -> Iterator[Problem]:
    for pointer, leaf in scalars(document.value.get("spec"), ROOT):
        last = parts(pointer)[-1]
        if last in VARIABLES or last.startswith(PREFIX):
            yield at_key(document, pointer, _reserved_problem(last))
        elif last == "name" and (leaf in VARIABLES or _is_our_annotation(pointer, leaf)):
            yield at_value(document, pointer, _reserved_problem(str(leaf)))


def _is_our_annotation(pointer: str, leaf: Json) -> bool:
    is_annotation = "/annotations/" in pointer
    return is_annotation and isinstance(leaf, str) and leaf.startswith(PREFIX)


def _reserved_problem(name: str) -> Problem:
    why = "reconciler writes there whose an object is"
    return Problem(
        "RC130", f'"{name}" is reserved for reconciler itself', why=why, hint="choose another name"
    )


def _own_name(declared: Declared) -> Iterator[Problem]:
    """Ask that a name which the spec repeats is the object's own."""
    name = declared.resource.key.name
    for pointer in declared.kind.named_by:
        stated = value_at(declared.document.value, pointer)
        if isinstance(stated, str) and stated != name:
            found = shown(declared.document, pointer, stated)
            what = f"{'.'.join(parts(pointer))} is {found}, but metadata.name is {name}"
            problem = Problem("RC107", what, hint="leave it out: it is filled in")
            yield at_value(declared.document, pointer, problem)


def _placed(declared: Declared, found: Iterable[Problem]) -> Iterator[Problem]:
    """Place what a kind found: on the value; for a field that is missing, on the key that should have it."""
    indexed: Mapping[str, str] = {}
    for problem in found:
        indexed = indexed or keyed_pointers(declared.document.value)  # few documents come here
        pointer = problem.pointer
        while pointer and pointer not in indexed:
            pointer = pointer.rpartition("/")[0]
        at = at_value if pointer == problem.pointer else at_key
        yield replace(at(declared.document, indexed[pointer], problem), pointer=problem.pointer)
