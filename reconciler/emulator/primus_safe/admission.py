"""What the validating webhook refuses, in the order in which it looks: the first complaint wins."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from reconciler.emulator.primus_safe import moments, names
from reconciler.emulator.primus_safe.capacity import available, must_fit, requested
from reconciler.emulator.primus_safe.errors import (
    FROZEN,
    NO_TEMPLATE,
    ApiError,
    aggregate,
    bad_request,
    forbidden,
    from_webhook,
    insufficient,
    internal,
)
from reconciler.emulator.primus_safe.generations import Generation
from reconciler.emulator.primus_safe.kinds import is_application, kind_named, scope_of
from reconciler.emulator.primus_safe.records import Flavor, Resource, Spec, Workload, Workspace
from reconciler.emulator.primus_safe.switches import Switches

Json = Any
_PORTS = (1, 65535)
_YEAR = timedelta(days=365)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Bench:
    """What the webhook looks at beside the workload."""

    generation: Generation
    switches: Switches
    now: datetime
    workspace: Workspace | None
    flavor: Flavor | None
    ports: frozenset[int] = frozenset()


Check = Callable[[Workload, Bench], None]


def admit(one: Workload, bench: Bench) -> None:
    """Let a new workload in.  Raises ApiError, with the webhook's name before its message."""
    checks = _FIRST if bench.generation.is_first else _SECOND
    _look(one, bench, (*checks, *_NEW[bench.generation.number]))


def admit_change(old: Workload, new: Workload, bench: Bench) -> None:
    """Let a change in.  Raises ApiError, with the webhook's name before its message."""
    own = (old.spec.service or {}).get("nodePort", 0)
    if bench.generation.is_first or not bench.switches.node_port_collides:
        bench = replace(bench, ports=bench.ports - {own})
    checks = _FIRST if bench.generation.is_first else _SECOND
    _look(new, bench, checks)
    try:
        _must_be_open(old, new, bench)
        waits_for_time = not old.is_scheduled or bench.generation.is_plural
        if old.spec.cron_jobs != new.spec.cron_jobs and waits_for_time:
            _crons(new, bench)
    except ApiError as refusal:
        raise from_webhook(refusal) from None


def _look(one: Workload, bench: Bench, checks: Sequence[Check]) -> None:
    try:
        for check in checks:
            check(one, bench)
    except ApiError as refusal:
        raise from_webhook(refusal) from None


def _must_be_open(old: Workload, new: Workload, bench: Bench) -> None:
    """Refuse to change what a job was started with."""
    if is_application(new.spec.kind) or not bench.switches.freezes:
        return
    is_frozen = old.is_scheduled if bench.generation.freeze == "scheduled" else old.is_dispatched
    if not is_frozen:
        return
    if bench.generation.is_plural:
        if _started_with(old.spec) != _started_with(new.spec):
            raise ApiError(409, FROZEN, f"cannot update a dispatched workload {new.id}")
        return
    pairs = (
        ("EntryPoint", old.spec.entry_points, new.spec.entry_points),
        ("Image", old.spec.images, new.spec.images),
        ("Resources", _compared(old.spec), _compared(new.spec)),
        ("Env", old.spec.env or {}, new.spec.env or {}),
    )
    for name, before, after in pairs:
        if before != after:
            raise forbidden(f"{name} cannot be changed once the workload has been scheduled")


def _started_with(spec: Spec) -> tuple[Json, ...]:
    return spec.resources, spec.images, spec.entry_points, dict(spec.env or {}), spec.service


def _compared(spec: Spec) -> Resource:
    """Give what the first generation compares of the resources: shared memory is not part of it."""
    return replace(spec.resources[0], shared_memory="", gpu_name="", rdma="")


# -- required ----------------------------------------------------------------------------------


def _required_first(one: Workload, _: Bench) -> None:
    spec, asked = one.spec, one.spec.resources[0]
    missing = (
        ("displayName", one.display_name), ("cluster", one.cluster), ("workspace", spec.workspace),
        ("entryPoint", (spec.entry_points or ("",))[0]), ("image", (spec.images or ("",))[0]),
        ("replica", asked.replica > 0), ("cpu", asked.cpu), ("memory", asked.memory),
        ("ephemeralStorage", asked.ephemeral),
    )  # fmt: skip
    _complain([f"the {name} is empty" for name, there in missing if not there])


def _required_second(one: Workload, _: Bench) -> None:
    _complain(list(_missing_second(one)))


def _missing_second(one: Workload) -> Iterator[str]:
    if not one.display_name:
        yield "the displayName is empty"
    longest = names.longest_of(one.spec.kind)
    if one.display_name and not names.is_dns_name(one.display_name, longest):
        yield f"Bad request. {names.dns_complaint(one.display_name, longest)}"
    if not one.cluster:
        yield "the cluster is empty"
    if not one.spec.workspace:
        yield "the workspace is empty"
    if not one.spec.resources:
        yield "the resources are empty"
    for asked in one.spec.resources:
        wanted = (("cpu", asked.cpu), ("memory", asked.memory), ("ephemeralStorage", asked.ephemeral))
        lacking = [f"the {name} is empty" for name, there in wanted if not there]
        if lacking:
            yield lacking[0] if len(lacking) == 1 else f"[{', '.join(lacking)}]"


def _complain(messages: Sequence[str]) -> None:
    if messages:
        raise aggregate(messages)


# -- kinds of the second generation ------------------------------------------------------------


def _by_kind(one: Workload, _: Bench) -> None:
    check = _KIND_CHECKS.get(one.spec.kind)
    if check is not None:
        complaint = check(one.spec)
        if complaint:
            raise aggregate([complaint])


def _authoring(spec: Spec) -> str:
    nodes = (spec.labels or {}).get("specified-nodes", "").split()
    if spec.nodes_affinity == "required" and len(nodes) > 1:
        return "the authoring can only be created with one node"
    return ""


def _torch_ft(spec: Spec) -> str:
    if len(spec.resources) < 2:
        return f"insufficient resources for TorchFT: expected at least 2, got {len(spec.resources)}"
    groups = (spec.env or {}).get("REPLICA_COUNT", "")
    workers = spec.resources[1].replica
    if not groups.isdigit() or not int(groups) or workers % int(groups):
        return f"the REPLICA_COUNT of workload environment is invalid: {groups} does not divide {workers}"
    return ""


def _ray(spec: Spec) -> str:
    if not 1 <= len(spec.resources) <= 3:
        return "Expected 1 to 3 resource configurations (header and two worker groups)"
    if not spec.images:
        return "Expected at least 1 image"
    if not (spec.env or {}).get("RAY_JOB_ENTRYPOINT"):
        return "RayJob entrypoint is missing(use 'RAY_JOB_ENTRYPOINT' environment variable)"
    return ""


def _runner_set(spec: Spec) -> str:
    wanted = ("RESOURCES", "ENTRYPOINT", "IMAGE", "GITHUB_CONFIG_URL")
    missing = [key for key in wanted if not (spec.env or {}).get(key)]
    return f"the {missing[0]} of workload environment variables is empty" if missing else ""


def _served(spec: Spec) -> str:
    return "" if 1 <= len(spec.resources) <= 5 else "Expected 1 to 5 resource configurations"


_KIND_CHECKS: Mapping[str, Callable[[Spec], str]] = {
    "Authoring": _authoring,
    "TorchFT": _torch_ft,
    "RayJob": _ray,
    "AutoscalingRunnerSet": _runner_set,
    "DynamoDeployment": _served,
    "InferaDeployment": _served,
}


# -- the workspace and its nodes ---------------------------------------------------------------


def _workspace(one: Workload, bench: Bench) -> None:
    space = bench.workspace
    if space is None:
        return
    if space.is_abnormal and not one.spec.is_tolerate_all:
        raise insufficient(f"workspace {space.id} is abnormal")
    wanted = one.spec.replicas
    if wanted <= space.replica:
        return
    if bench.generation.is_plural and not _exceeds(one.spec, space, bench):
        return
    raise insufficient(f"request.replica: {wanted}, total.replica: {space.replica}")


def _exceeds(spec: Spec, space: Workspace, bench: Bench) -> bool:
    if bench.flavor is None:
        return False
    free = available(bench.flavor, bench.generation)
    return any(amount > free.get(name, 0) * space.replica for name, amount in requested(spec).items())


def _fits(one: Workload, bench: Bench) -> None:
    if bench.flavor is not None:
        for asked in one.spec.resources:
            must_fit(asked, bench.flavor, bench.generation)


# -- service, probes, template, names, scope, time ---------------------------------------------


def _service(one: Workload, bench: Bench) -> None:
    service = one.spec.service
    if service is None:
        return
    _port("service", service.get("port", 0))
    _port("service/target", service.get("targetPort", 0))
    node_port = service.get("nodePort", 0)
    if node_port:
        _port("service/node", node_port)
        if bench.generation.is_plural and node_port in bench.ports:
            raise aggregate([f"the nodePort {node_port} is already used"])
    if service["protocol"] not in {"TCP", "UDP"}:
        raise aggregate(["the service protocol only supports TCP and UDP"])
    if service.get("serviceType") not in {"ClusterIP", "NodePort"}:
        raise aggregate(["the service type only supports ClusterIP and NodePort"])
    if bench.generation.is_plural and service["serviceType"] == "NodePort" and not node_port:
        raise aggregate(["the nodePort is required for the service type NodePort"])


def _port(name: str, port: int) -> None:
    low, high = _PORTS
    if not low <= port <= high:
        said = f"The {name} port({port}) is invalid and needs to be between {low} and {high}"
        raise bad_request(said)


def _probes(one: Workload, _: Bench) -> None:
    for name, probe in (("liveness", one.spec.liveness), ("readiness", one.spec.readiness)):
        if probe is None:
            continue
        if not probe["path"]:
            raise aggregate([f"the path for {name} is not found"])
        _port(name, probe["port"])


def _template(one: Workload, bench: Bench) -> None:
    spec = one.spec
    if kind_named(spec.kind, generation=bench.generation.number) and spec.version == "v1":
        return
    said = f"the resource template of {spec.version}/{spec.kind} is not found"
    raise ApiError(404, NO_TEMPLATE, said) if bench.generation.is_first else internal(said)


def _name_length(one: Workload, _: Bench) -> None:
    if len(one.display_name) > names.FIRST_LONGEST:
        said = f"the maximum length of the workload name [{one.display_name}] is {names.FIRST_LONGEST}"
        raise aggregate([said])


def _name_rule(one: Workload, _: Bench) -> None:
    longest = names.FIRST_LONGEST - 2
    if not names.is_dns_name(one.display_name, longest):
        raise bad_request(names.dns_complaint(one.display_name, names.FIRST_LONGEST))


def _label_keys(one: Workload, _: Bench) -> None:
    for key in one.spec.labels or {}:
        if not names.is_label_key(key):
            raise bad_request(f"the name({key}) must be a label key: letters, digits, '-', '.' or '_'")


def _scope(one: Workload, bench: Bench) -> None:
    kind = kind_named(one.spec.kind, generation=bench.generation.number)
    scope = scope_of(kind, generation=bench.generation.number) if kind else ""
    if not scope:
        raise bad_request(f"unknown workload kind, {one.spec.kind}")
    scopes = bench.workspace.scopes if bench.workspace else ()
    if scopes and scope not in scopes:
        raise forbidden(f"The workspace only supports [{' '.join(scopes)}] and does not support {scope}")


def _crons(one: Workload, bench: Bench) -> None:
    for job in one.spec.cron_jobs or ():
        at = moments.read(job["schedule"])
        if at is None:
            raise aggregate([f'parsing time "{job["schedule"]}" as "2006-01-02T15:04:05.000Z": cannot parse'])
        minute = at.replace(second=0, microsecond=0)
        is_soon = bench.now < minute <= bench.now + _YEAR - _MINUTE
        if job["action"] == "start" and not is_soon:
            raise aggregate([f"the schedule {job['schedule']} is not within the next year"])


_FIRST: Sequence[Check] = (
    _required_first, _workspace, _service, _probes, _fits, _template, _name_length,
)  # fmt: skip
_SECOND: Sequence[Check] = (
    _by_kind, _required_second, _workspace, _service, _probes, _fits, _template, _label_keys,
)  # fmt: skip
_NEW: Mapping[int, Sequence[Check]] = {1: (_name_rule, _scope, _crons), 2: (_scope, _crons)}
