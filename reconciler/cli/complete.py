"""What the shell offers at TAB: names out of the fleet file and the manifests, without a network.

Anything that cannot be read is not offered, and no word is that a shell could take for more than a name.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from reconciler.fleet import Fleet

EMPTY: Mapping[str, str] = MappingProxyType({})
_PLAIN = re.compile(r"[A-Za-z0-9][\w./-]*")
Items = list[CompletionItem[str]]


def files(_ctx: click.Context, _param: click.Parameter, begun: str) -> Items:
    """Leave it to the shell to name files."""
    return [CompletionItem(begun, type="file")]


def objects(ctx: click.Context, _param: click.Parameter, begun: str) -> Items:
    """Offer `Kind/name` of every manifest, with its scope in front where others are called the same."""
    return offered(_names(ctx), begun)


def inputs(ctx: click.Context, param: click.Parameter, begun: str) -> Items:
    """Offer objects, and files where no object begins so."""
    return [*files(ctx, param, begun), *objects(ctx, param, begun)]


def projects(ctx: click.Context, _param: click.Parameter, begun: str) -> Items:
    """Offer the projects of the fleet's targets and of its manifests."""
    fleet = _fleet(ctx)
    named = [scope for target in fleet.targets.values() for scope in target.scopes] if fleet else []
    return offered(sorted({*named, *(scope for scope, _, _ in _declared(ctx))} - {""}), begun)


def targets(ctx: click.Context, _param: click.Parameter, begun: str) -> Items:
    """Offer the targets of the fleet."""
    fleet = _fleet(ctx)
    return offered(fleet.targets if fleet else (), begun)


def clusters(ctx: click.Context, _param: click.Parameter, begun: str) -> Items:
    """Offer the names of the declared clusters."""
    return offered([name for _, kind, name in _declared(ctx) if kind == "Cluster"], begun)


def explained(_ctx: click.Context, _param: click.Parameter, begun: str) -> Items:
    """Offer what `explain` knows: kinds and their fields, problem codes, names of exit codes."""
    from reconciler.errors import ExitCode
    from reconciler.explain import below, roots
    from reconciler.problem import CODES

    parent, dot, _ = begun.rpartition(".")
    if dot:
        return offered([f"{parent}.{name}" for name in below(parent)], begun)
    return offered([*roots(), *CODES, *(code.label for code in ExitCode)], begun, CODES)


def offered(names: Iterable[str], begun: str, told: Mapping[str, str] = EMPTY) -> Items:
    """Offer the plain names that begin so, in any case of letters; `told` says more of some."""
    start = begun.casefold()
    fitting = [n for n in names if n.casefold().startswith(start) and _PLAIN.fullmatch(n)]
    return [CompletionItem(name, help=told.get(name)) for name in fitting]


def _names(ctx: click.Context) -> Iterator[str]:
    found = _declared(ctx)
    same = Counter((kind, name) for _, kind, name in found)
    for scope, kind, name in found:
        yield f"{kind}/{name}" if same[kind, name] == 1 else f"{scope}/{kind}/{name}"


def _declared(ctx: click.Context) -> list[tuple[str, str, str]]:
    """Read scope, kind and name of every manifest that says them; what else is wrong does not matter here."""
    from reconciler.load import load_manifests

    fleet = _fleet(ctx)
    documents = load_manifests((), fleet, cwd=Path.cwd()).documents if fleet else ()
    return [found for document in documents if (found := _key_of(document.value))]


def _key_of(value: Any) -> tuple[str, str, str] | None:
    meta = value.get("metadata") if isinstance(value, Mapping) else None
    if not isinstance(meta, Mapping):
        return None
    scope = meta.get("project") or meta.get("workspace") or ""
    kind, name = value.get("kind"), meta.get("name")
    is_named = all(isinstance(part, str) for part in (scope, kind, name)) and kind and name
    return (str(scope), str(kind), str(name)) if is_named else None


def _fleet(ctx: click.Context) -> Fleet | None:
    """Read the fleet file of the words typed so far; None where it cannot be read."""
    from reconciler.errors import ReconcilerError
    from reconciler.load import load_fleet

    try:
        return load_fleet(ctx.params.get("fleet") or None, cwd=Path.cwd(), environ=os.environ)
    except (ReconcilerError, OSError):
        return None
