"""Rules: combinations of fields that the platform answers with 400, found before anything is sent.

Pure functions from a spec to problems with pointers, one file per part of a spec. What the schema
already says (types, names, ranges) is not said again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from reconciler.problem import Problem
from reconciler.providers.runai.kinds.rules import access, compute, container, mounts, placement, serving
from reconciler.providers.runai.kinds.rules.finding import without_nulls
from reconciler.resource import Json

Rule = Callable[[Mapping[str, Json]], Iterator[Problem]]

_ANY: tuple[Rule, ...] = (
    container.image_is_named,
    container.environment,
    container.names_are_single,
    container.reserved_names,
    container.security,
    container.probes,
    compute.quantities,
    compute.gpu_request,
    compute.limits,
    placement.tolerations,
    placement.affinity,
    access.ports,
    access.exposed_urls,
    mounts.required_fields,
    mounts.mount_points,
    mounts.claims,
    mounts.host_paths,
    mounts.git_secrets,
)
_JOB: tuple[Rule, ...] = (container.terminal,)
_SERVING: tuple[Rule, ...] = (
    serving.replicas,
    serving.metric,
    serving.outdated_fields,
    serving.no_ephemeral_claims,
    access.serving_port,
)


def check_job(spec: Mapping[str, Json]) -> Iterator[Problem]:
    """Find what the platform would refuse in the spec of a Workspace or Training."""
    return _check(spec, (*_ANY, *_JOB))


def check_inference(spec: Mapping[str, Json]) -> Iterator[Problem]:
    """Find what the platform would refuse in the spec of an Inference."""
    return _check(spec, (*_ANY, *_SERVING))


def _check(spec: Mapping[str, Json], rules: tuple[Rule, ...]) -> Iterator[Problem]:
    stated = without_nulls(spec)
    for rule in rules:
        yield from rule(stated)
