"""Variables and secrets: filled into manifests from the environment, then judged again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reconciler.fleet import Fleet
from reconciler.kind import Kind
from reconciler.problem import Problem
from reconciler.providers import kinds as all_kinds
from reconciler.resolve.text import Names, filled
from reconciler.resource import Json, Resource
from reconciler.secret import Scrubber, Secret, secrets_in
from reconciler.stored import kind_schema
from reconciler.validate.interpolation import Use, sign_in_names, uses_in
from reconciler.validate.judge import Judge, judge_for
from reconciler.validate.places import keyed_pointers
from reconciler.yaml import Document

_NARROWING = {"vars": "RECONCILER_VARS", "secrets": "RECONCILER_SECRETS"}


@dataclass(frozen=True, slots=True)
class Resolved:
    """Hold the resources with every interpolation filled in, and a scrubber that knows the secrets."""

    resources: tuple[Resource, ...]
    problems: tuple[Problem, ...] = ()
    scrubber: Scrubber = field(default_factory=Scrubber)


@dataclass(frozen=True, slots=True)
class _Reading:
    """Hold what is the same for all resources of one call."""

    fleet: Fleet
    names: Names
    need_secrets: bool
    kinds: Mapping[tuple[str, str], Kind]
    reserved: frozenset[str]
    judges: dict[str, Judge] = field(default_factory=dict)


def resolve(
    resources: Sequence[Resource],
    fleet: Fleet,
    environ: Mapping[str, str],
    *,
    need_secrets: bool,
    kinds: Mapping[tuple[str, str], Kind] | None = None,
) -> Resolved:
    """Fill `${{ vars.NAME }}` and `${{ secrets.NAME }}` into specs and judge the result again.

    A missing var is an error. A missing secret is an unknown value, or an error with `need_secrets`.
    """
    reserved = sign_in_names(fleet)
    names = Names(environ, frozenset((*fleet.secrets, *_secret_everywhere(resources))))
    reading = _Reading(fleet, names, need_secrets, kinds or all_kinds(), reserved)
    done, problems = [], []
    for resource in resources:
        resolved, found = _resolved(resource, reading)
        done.append(resolved)
        problems += found
    secrets = [secret for resource in done for secret in secrets_in(resource.spec)]
    return Resolved(tuple(done), tuple(problems), _scrubber(secrets, fleet, environ))


def _secret_everywhere(resources: Sequence[Resource]) -> Iterator[str]:
    for resource in resources:
        yield from (use.name for _, use in uses_in(resource.spec) if use.store == "secrets")


def _scrubber(secrets: Sequence[Secret], fleet: Fleet, environ: Mapping[str, str]) -> Scrubber:
    values = {secret.reveal() for secret in secrets if secret.is_known}
    listed = {environ[name] for name in fleet.secrets if name in environ}
    return Scrubber(sorted(values | listed))


def _resolved(resource: Resource, reading: _Reading) -> tuple[Resource, list[Problem]]:
    if not any(True for _ in uses_in(resource.spec)):
        return resource, []
    keyed = {indexed: key for key, indexed in keyed_pointers({"spec": resource.spec}).items()}
    problems: list[Problem] = [*_not_allowed(resource, reading, keyed)]
    absent: dict[str, Problem] = {}

    def missing(pointer: str, use: Use) -> None:
        if not reading.names.is_secret(use) or reading.need_secrets:
            absent.setdefault(use.name, _absent(resource, keyed[pointer], use, reading))

    if problems:
        return resource, problems
    done = replace(resource, spec=filled(resource.spec, reading.names, missing, "/spec"))
    return done, [*absent.values()] or [*_judged_again(done, reading)]


def _not_allowed(resource: Resource, reading: _Reading, keyed: Mapping[str, str]) -> Iterator[Problem]:
    """Find names that the fleet file, or the variable that narrows it, does not let manifests read."""
    for below, use in uses_in(resource.spec):
        pointer = keyed["/spec" + below]
        listed = reading.fleet.vars if use.store == "vars" else reading.fleet.secrets
        narrowing = _NARROWING.get(use.store, "")
        narrowed = reading.names.environ.get(narrowing)
        what = hint = ""
        if use.name not in listed or use.name in reading.reserved:
            what = f"{use.store}.{use.name} is not listed in {reading.fleet.file}"
            hint = f"add {use.name} to {use.store}: there"
        elif narrowed is not None and use.name not in {word.strip() for word in narrowed.split(",")}:
            what = f"{narrowing} does not allow {use.name} here"
            hint = f"add {use.name} to {narrowing} where the workflow sets it"
        if what:
            yield Problem("RC111", what, resource.place(pointer), hint=hint, pointer=pointer)


def _absent(resource: Resource, pointer: str, use: Use, reading: _Reading) -> Problem:
    word = "secret" if reading.names.is_secret(use) else "variable"
    return Problem(
        "RC111",
        f"the {word} {use.name} is not set in the environment",
        resource.place(pointer),
        hint=f"export {use.name}=…, or set it where the workflow passes {use.store}",
        pointer=pointer,
    )


def _judged_again(resource: Resource, reading: _Reading) -> Iterator[Problem]:
    """Judge the filled-in spec by its schema and rules; secrets stand as their references."""
    kind = _kind_of(resource, reading)
    if kind is None:
        return
    judge = reading.judges.get(kind.name) or judge_for(_spec_schema(kind), kind)
    reading.judges[kind.name] = judge
    keyed = {indexed: key for key, indexed in keyed_pointers({"spec": resource.spec}).items()}
    document = Document(
        {"spec": _open(resource.spec)}, {}, {}, resource.source.file, resource.source.line, ()
    )
    rejected = judge.problems(document)
    for problem in rejected:
        pointer = keyed.get(problem.pointer, problem.pointer)
        why = "the environment's value was filled in"
        yield replace(problem, location=resource.place(pointer), pointer=pointer, why=why)
    for problem in () if rejected else kind.check(resource.spec):
        yield replace(problem, location=resource.place(problem.pointer))


def _kind_of(resource: Resource, reading: _Reading) -> Kind | None:
    target = reading.fleet.targets.get(resource.key.target)
    of_name = (kind for kind in reading.kinds.values() if kind.name == resource.key.kind)
    return next((kind for kind in of_name if target is None or kind.provider == target.provider), None)


def _spec_schema(kind: Kind) -> dict[str, Json]:
    schema = kind_schema(kind)
    spec = {name: body for name, body in schema["properties"].items() if name == "spec"}
    return {**schema, "required": ["spec"], "properties": spec}


def _open(value: Json) -> Json:
    """Put text that any pattern accepts in place of secrets, which are not judged by their value."""
    if isinstance(value, Secret):
        return "${{ secret }}"
    if isinstance(value, Mapping):
        return {key: _open(item) for key, item in value.items()}
    return [_open(item) for item in value] if isinstance(value, list) else value


def missing_secrets(resources: Sequence[Resource]) -> list[Problem]:
    """Name each secret that the environment does not hold, at one manifest that needs it."""
    missing = {
        secret.reference: resource
        for resource in resources
        for secret in secrets_in(resource.spec)
        if not secret.is_known
    }
    return [
        Problem(
            "RC203",
            f"{reference} is not set",
            resource.source,
            why="apply needs every secret; plan does not",
            hint=f"set the environment variable {reference.rpartition('secret:')[2]}",
        )
        for reference, resource in sorted(missing.items())
    ]
