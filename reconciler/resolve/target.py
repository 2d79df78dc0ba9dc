"""Targets: their address and credentials, filled in when a command is about to sign in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from pydantic import BaseModel, ValidationError

from reconciler.errors import FleetError
from reconciler.fleet import Target
from reconciler.problem import Problem
from reconciler.providers import providers
from reconciler.resolve.text import Names, filled
from reconciler.resource import Json
from reconciler.secret import Scrubber, names_credential, referenced, revealed, secrets_in
from reconciler.validate.interpolation import Use, uses_in


def resolve_target(target: Target, environ: Mapping[str, str], scrubber: Scrubber | None = None) -> Target:
    """Fill in a target's url, auth and cluster addresses. Every secret leaf is a Secret.

    The scrubber, where there is one, learns every secret before anything else can see it.

    Raises FleetError (RC203) naming all variables that are missing, or (RC201) for a value that the
    provider's own model refuses.
    """
    absent: dict[str, str] = {}

    def missing(_pointer: str, use: Use) -> None:
        absent.setdefault(use.name, use.store)

    names = Names(environ, frozenset(_secret_names(target)))
    settings = filled(target.settings, names, missing)
    if absent:
        raise FleetError(problems=[_absent(target, name, store) for name, store in sorted(absent.items())])
    used = {use for _, use in uses_in(target.settings.get("auth"))}
    if empty := sorted({use.name for use in used if environ.get(use.name) == ""}):
        raise FleetError(problems=[_empty(target, name) for name in empty])
    for secret in secrets_in(settings):
        if scrubber and secret.is_known:
            scrubber.learn(secret.reveal())
    _judge(target, settings)
    url = settings.get("url") or ""
    return replace(target, settings=settings, url=revealed(url))


def _secret_names(target: Target) -> set[str]:
    """Name what is secret in a target: what is written so, and what stands under a name that says so."""
    found = {use.name for _, use in uses_in(target.settings) if use.store == "secrets"}
    auth = uses_in(target.settings.get("auth"))
    return found | {use.name for pointer, use in auth if names_credential(pointer.rpartition("/")[2])}


def _absent(target: Target, name: str, store: str) -> Problem:
    what = f"{target.name} needs the environment variable {name}"
    hint = f"export {name}=…, or pass it from the workflow's {store}"
    return Problem("RC203", what, hint=hint, subject=target.name)


def _empty(target: Target, name: str) -> Problem:
    what = f"{target.name}: the environment variable {name} is empty"
    return Problem("RC203", what, hint="set it; CI gives an empty text for a secret that is not defined")


def _judge(target: Target, settings: Mapping[str, Json]) -> None:
    """Let the provider's model judge the filled-in block. Its messages never hold the input."""
    model: type[BaseModel] = providers()[target.provider].TargetModel()
    try:
        model.model_validate(_without_nulls(revealed(settings)))
    except ValidationError as error:
        details = error.errors(include_input=False, include_url=False, include_context=False)
        raise FleetError(problems=[_refused(target, settings, detail) for detail in details]) from None


def _refused(target: Target, settings: Mapping[str, Json], detail: Mapping[str, Json]) -> Problem:
    path = ".".join(str(part) for part in detail["loc"])
    value: Json = referenced(settings)
    for part in detail["loc"]:
        value = value.get(part) if isinstance(value, Mapping) else None
    words = str(detail["msg"]).removeprefix("Value error, ")
    is_named = isinstance(value, str) and "auth" not in detail["loc"]
    what = f"targets.{target.name}.{path}: {words[:1].lower()}{words[1:]}"
    told = [f'it is "{value}"'] if is_named else []
    if names := sorted({use.name for use in _uses_at(target, detail["loc"]) if use.store}):
        told.append(f"from the environment variable {' and '.join(names)}")
    place = target.places.get(path) or target.places.get(path.partition(".")[0])
    return Problem("RC201", what, place, why=", ".join(told), subject=target.name)


def _uses_at(target: Target, loc: Sequence[str | int]) -> Iterator[Use]:
    """Give what is filled in at a path of the target's block."""
    value: Json = target.settings
    for part in loc:
        value = value.get(part) if isinstance(value, Mapping) else None
    return (use for _, use in uses_in(value))


def _without_nulls(value: Json) -> Json:
    if isinstance(value, Mapping):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return value


def doubt_credentials(target: Target, environ: Mapping[str, str]) -> str:
    """Tell where credentials that were refused come from, and what is most likely wrong with them."""
    found: dict[str, str] = {}
    told: list[str] = []
    for field, value in (target.settings.get("auth") or {}).items():
        names = [use.name for _, use in uses_in(value) if use.store]
        found |= {name: environ.get(name, "") for name in names}
        told += [f"{field} from {describe_secret(name, found[name])}" for name in names]
        told += [] if names else [f"{field} as written in the fleet file"]
    bad = next((name for name, value in found.items() if value != value.strip() or _is_quoted(value)), "")
    if not bad:
        return (
            f"{', '.join(told)}\nlikely: the key was regenerated or deleted, or is of another control plane"
        )
    mend = f'try:    printf %s "${bad}" | gh secret set {bad}' if found[bad] != found[bad].rstrip() else ""
    return "\n".join(part for part in (", ".join(told), f"likely: {_doubt(found[bad], bad)}", mend) if part)


def _doubt(value: str, name: str) -> str:
    return f"what {name} holds {remark_on(value)}, which does not belong to it"


def describe_secret(name: str, value: str) -> str:
    """Describe a secret without showing it: its name, length, and what often is wrong with it."""
    remarks = [f"{len(value)} characters", *filter(None, [remark_on(value)])]
    return f"{name} ({', '.join(remarks)})" if value else f"{name} (empty)"


def remark_on(value: str) -> str:
    """Say what often is wrong with a secret and can be told from its edges; "" for nothing."""
    found = ["ends with a newline"] if value.endswith("\n") else []
    found += ["has spaces around it"] if not found and value != value.strip() else []
    return ", ".join([*found, *(["stands in quotes"] if _is_quoted(value) else [])])


def _is_quoted(value: str) -> bool:
    return len(value) > 1 and value[0] in "'\"" and value[0] == value[-1]
