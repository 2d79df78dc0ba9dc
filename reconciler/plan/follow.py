"""Following: jobs for which the platform itself holds an object back, named in its spec. Pure.

A job that has succeeded is not named to the platform any more, which would look for it in vain; so what is
live names fewer than git does, and none of them is a difference.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from reconciler.kind import Kind
from reconciler.mark import digest_of, is_same_digest
from reconciler.plan.known import declared_spec
from reconciler.pointer import escaped
from reconciler.resource import Life, Observed, Resource, ScopeRead
from reconciler.secret import referenced


def with_met(resource: Resource, kind: Kind, read: ScopeRead | None) -> Resource:
    """Note which of the jobs that an object follows have succeeded, as far as the scope shows them."""
    if not resource.follows or read is None:
        return resource
    done = {key.name for key in resource.follows if _has_succeeded(key.name, key.kind, read)}
    met = {f"{pointer}/name={escaped(name)}" for pointer in kind.follows for name in done}
    return replace(resource, met=frozenset(met))


def _has_succeeded(name: str, kind: str, read: ScopeRead) -> bool:
    lives = [row.life for row in read.named(name) if row.key.kind == kind and row.is_by_us]
    return bool(lives) and all(life is Life.FINISHED for life in lives)


def met_by(observed: Observed, resource: Resource, kind: Kind) -> Iterable[str]:
    """Give the pointers of jobs by which a live object cannot differ.

    Those that have succeeded; and all of them where git says what it said when the object was made, for then
    the platform was told whatever had to be.
    """
    if not kind.follows:
        return ()
    return kind.follows if _is_as_made(observed, resource, kind) else resource.met


def _is_as_made(observed: Observed, resource: Resource, kind: Kind) -> bool:
    if observed.mark is None:
        return False
    return is_same_digest(observed.mark.digest, digest_of(referenced(declared_spec(resource, kind))))
