"""Rules: combinations of fields that the platform answers with 400, found before anything is sent.

Pure functions from a part of a spec to problems with pointers, one file per subject. What the schema
already says (types, names, ranges) is not said again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from reconciler.finding import Part, part, whole
from reconciler.problem import Problem
from reconciler.providers.runai.kinds.rules import (
    access,
    compute,
    container,
    distributed,
    groups,
    manifest,
    mounts,
    nim,
    placement,
    serving,
)
from reconciler.resource import Json

Rule = Callable[[Part], Iterator[Problem]]

_BARE_POD: tuple[Rule, ...] = (
    container.environment,
    container.names_are_single,
    container.reserved_names,
    container.probes,
    compute.gpu_request,
    compute.limits,
    placement.tolerations,
)
_POD: tuple[Rule, ...] = (
    *_BARE_POD,
    container.security,
    placement.affinity,
    mounts.required_fields,
    mounts.mount_points,
    mounts.claims,
    mounts.host_paths,
    mounts.git_secrets,
)
_WHOLE: tuple[Rule, ...] = (compute.quantities, placement.priority)
"""Rules that look into all parts by themselves, or at what only the whole has."""

_WORKLOAD: tuple[Rule, ...] = (
    container.image_is_named,
    *_WHOLE,
    *_POD,
    access.ports,
    access.exposed_urls,
)
_JOB: tuple[Rule, ...] = (*_WORKLOAD, container.terminal)
_MASTER: tuple[Rule, ...] = (
    *_POD,
    access.ports,
    access.exposed_urls,
    container.terminal,
    distributed.outdated_fields,
)
_INFERENCE: tuple[Rule, ...] = (
    *_WORKLOAD,
    serving.replicas,
    serving.metric,
    serving.outdated_fields,
    serving.no_ephemeral_claims,
    access.serving_port,
)
_GROUPS: tuple[Rule, ...] = (*_WHOLE, groups.roles, groups.images, groups.port, access.serving_port)
_ROLE: tuple[Rule, ...] = (*_POD, serving.no_ephemeral_claims)
_NIM: tuple[Rule, ...] = (
    nim.image,
    *_WHOLE,
    *_BARE_POD,
    nim.model_store,
    serving.replicas,
    nim.metric,
    nim.ports,
)
_EXTERNAL: tuple[Rule, ...] = (
    placement.priority,
    manifest.name_space,
    manifest.written_by_cluster,
    manifest.overridden_labels,
)


def check_job(spec: Mapping[str, Json]) -> Iterator[Problem]:
    """Find what the platform would refuse in the spec of a Workspace or Training."""
    yield from _check(whole(spec), _JOB)


def check_distributed(spec: Mapping[str, Json]) -> Iterator[Problem]:
    """Find what the platform would refuse in the spec of a DistributedTraining, its master's included."""
    stated = whole(spec)
    yield from _check(stated, (*_JOB, distributed.framework, distributed.bounds, distributed.master))
    yield from _check(part(stated, "masterSpec"), _MASTER)


def check_inference(spec: Mapping[str, Json]) -> Iterator[Problem]:
    """Find what the platform would refuse in the spec of an Inference."""
    yield from _check(whole(spec), _INFERENCE)


def check_groups(spec: Mapping[str, Json]) -> Iterator[Problem]:
    """Find what the platform would refuse in the spec of a DistributedInference, both pods included."""
    stated = whole(spec)
    yield from _check(stated, _GROUPS)
    for role in groups.ROLES:
        yield from _check(part(stated, role), _ROLE)


def check_nim(spec: Mapping[str, Json]) -> Iterator[Problem]:
    """Find what the platform would refuse in the spec of a NimService."""
    yield from _check(whole(spec), _NIM)


def check_external(spec: Mapping[str, Json]) -> Iterator[Problem]:
    """Find what the platform would refuse in the spec of an ExternalWorkload."""
    yield from _check(whole(spec), _EXTERNAL)


def _check(stated: Part, rules: tuple[Rule, ...]) -> Iterator[Problem]:
    for rule in rules:
        yield from rule(stated)
