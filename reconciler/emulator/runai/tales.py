"""What the cluster says about a workload: events and messages in Kubernetes' own wording."""

from datetime import datetime
from typing import Literal

from reconciler.emulator.runai import fates
from reconciler.emulator.runai.crew import Pod, container_name, parts, pods, roles_of, size
from reconciler.emulator.runai.fates import Fate
from reconciler.emulator.runai.records import Event, Role, Run, Spec, Workload, made_id
from reconciler.emulator.runai.registry import kind_of

DROPPED = "ProgressDeadlineExceeded: the revision was not ready within 10 minutes"


def new_run(workload: Workload, spec: Spec, at: datetime) -> Run:
    """Make the next run of a workload."""
    number = workload.runs[-1].number + 1 if workload.runs else 1
    roles = roles_of(workload.kind, spec, workload.master)
    return Run(made_id(workload.id, "run", number), number, spec, roles, at, "Creating", at)


def teller(workload: Workload, run: Run) -> Pod:
    """Find the pod that the news is about."""
    ends = kind_of(workload.kind).ends
    found = fates.teller(tuple(pods(workload, run)), run, ends=ends)
    return found or Pod(workload.name, Role("", 0, {}), 0, 0)


def node_name(pool: str, run: Run) -> str:
    """Name the node that a run's pods are bound to."""
    return f"{pool}-node-{int(made_id(run.id)[:4], 16) % 3 + 1}"


def event(
    workload: Workload,
    at: datetime,
    reason: str,
    message: str,
    *,
    type: Literal["Normal", "Warning"] = "Normal",  # noqa: A002 - the platform's key
    source: str = "kubelet",
    on: tuple[str, str] | None = None,
) -> Event:
    """Write down one event; `on` is the kind and name of the object, else the workload."""
    kind, name = on or (workload.kind, workload.name)
    return Event(at, type, reason, message, source, kind, name)


def _about_pod(
    workload: Workload,
    run: Run,
    at: datetime,
    reason: str,
    message: str,
    *,
    type: Literal["Normal", "Warning"] = "Normal",  # noqa: A002 - the platform's key
    source: str = "kubelet",
) -> Event:
    pod = ("Pod", teller(workload, run).name)
    return event(workload, at, reason, message, type=type, source=source, on=pod)


def scheduled(workload: Workload, run: Run, pool: str, node: str, at: datetime) -> list[Event]:
    """Tell that pods were bound to nodes and pull their image."""
    if not size(run):
        return []
    namespace = workload.project.namespace
    pod = teller(workload, run)
    bound = f"Successfully assigned pod {namespace}/{pod.name} to node {node} at node-pool {pool}"
    pull = f'Pulling image "{pod.role.spec.get("image")}"'
    return [
        _about_pod(workload, run, at, "Scheduled", bound, source="runai-scheduler"),
        _about_pod(workload, run, at, "Pulling", pull),
    ]


def started(workload: Workload, run: Run, at: datetime) -> list[Event]:
    """Tell that the image is there and the container runs."""
    if not size(run):
        return []
    pod = teller(workload, run)
    image, container = pod.role.spec.get("image"), container_name(workload, pod.role)
    pulled = f'Successfully pulled image "{image}" in 4.812s (4.812s including waiting)'
    return [
        _about_pod(workload, run, at, "Pulled", pulled),
        _about_pod(workload, run, at, "Started", f"Started container {container}"),
    ]


def no_image(workload: Workload, run: Run, at: datetime) -> tuple[str, list[Event]]:
    """Tell that the registry has no such image."""
    image = str(teller(workload, run).role.spec.get("image"))
    path = image.rsplit(":", 1)[0] if ":" in image.rsplit("/", 1)[-1] else image
    full = path if "." in path.split("/", 1)[0] else f"docker.io/{path}"
    cause = (
        f'Failed to pull image "{image}": rpc error: code = NotFound desc = failed to pull and '
        f'unpack image "{full}": failed to resolve reference: {image}: not found'
    )
    backoff = f'Back-off pulling image "{image}"'
    if run.told == 0:
        return f"ErrImagePull: {cause}", [
            _about_pod(workload, run, at, "Failed", cause, type="Warning"),
            _about_pod(workload, run, at, "Failed", "Error: ErrImagePull", type="Warning"),
        ]
    return f"ImagePullBackOff: {backoff}", [
        _about_pod(workload, run, at, "BackOff", backoff),
        _about_pod(workload, run, at, "Failed", "Error: ImagePullBackOff", type="Warning"),
    ]


def crashed(workload: Workload, run: Run, ending: Fate, at: datetime) -> tuple[str, list[Event]]:
    """Tell how a container died."""
    pod = teller(workload, run)
    container = container_name(workload, pod.role)
    if ending.kind == "oom":
        message = f"OOMKilled: container {container} was terminated with exit code 137"
        said = "Memory cgroup out of memory: killed process 1 (python)"
        events = [_about_pod(workload, run, at, "OOMKilling", said, type="Warning")]
    else:
        message = f"Error: container {container} was terminated with exit code 1"
        events = []
    back = f"Back-off restarting failed container {container} in pod {pod.name}_{workload.project.namespace}"
    return message, [*events, _about_pod(workload, run, at, "BackOff", back, type="Warning")]


def crash_loop(workload: Workload, run: Run, ending: Fate, at: datetime) -> tuple[str, list[Event]]:
    """Tell that a server dies on every start."""
    message, events = crashed(workload, run, ending, at)
    return f"CrashLoopBackOff: {message}", events


def gave_up(workload: Workload, at: datetime) -> Event:
    """Tell that the retries are used up."""
    said = "Job has reached the specified backoff limit"
    return event(workload, at, "BackoffLimitExceeded", said, type="Warning", source="job-controller")


def completed(workload: Workload, run: Run, at: datetime) -> list[Event]:
    """Tell that a job is done."""
    return [event(workload, at, "Completed", "Job completed", source="job-controller")]


def rolling(workload: Workload, run: Run, at: datetime) -> Event:
    """Tell that a changed spec makes new pods."""
    name = revision_name(workload, run)
    if workload.kind == "Inference":
        return event(
            workload, at, "Created", f"Created Revision {name}",
            source="configuration-controller", on=("Revision", name),
        )  # fmt: skip
    return event(workload, at, "Updated", f"Rolling out update {run.number}", source="runai-operator")


def scaling(workload: Workload, run: Run, old: int, new: int, at: datetime) -> Event:
    """Tell that replicas come or go."""
    word = "up" if new > old else "down"
    said = f"Scaled {word} {workload.name} from {old} to {new}"
    return event(workload, at, "ScalingReplicas", said, source=f"{workload.kind.lower()}-controller")


def dropped(workload: Workload, run: Run, at: datetime) -> Event:
    """Tell that an update was given up."""
    name = revision_name(workload, run)
    said = f'Revision "{name}" failed with message: Deployment exceeded its progress deadline'
    return event(
        workload, at, "ProgressDeadlineExceeded", said, type="Warning",
        source="revision-controller", on=("Revision", name),
    )  # fmt: skip


def scaled_down(workload: Workload, run: Run, at: datetime) -> Event:
    """Tell that nobody calls, so that no replica runs."""
    name = revision_name(workload, run)
    said = f"Scaled deployment {name}-deployment to 0"
    return event(workload, at, "ScaledToZero", said, source="autoscaler", on=("Revision", name))


def revision_name(workload: Workload, run: Run) -> str:
    """Name a Knative revision."""
    return f"{workload.name}-{run.number:05d}"


def progress(workload: Workload, serving: Run) -> str:
    """Say how an update or a change of scale stands; nothing once all is as asked."""
    if workload.run.id != serving.id:
        return rollout(workload, serving)
    everyone = parts(workload, serving)
    wanted = sum(run.groups for run in everyone)
    ready = sum(run.groups for run in everyone if run.phase == "Running")
    return f"{ready} of {wanted} replicas are ready" if ready < wanted else ""


def rollout(workload: Workload, serving: Run) -> str:
    """Say how an update stands while an older revision serves."""
    newest, old = revision_name(workload, workload.run), revision_name(workload, serving)
    if workload.run.ended_at:
        return f"Revision {newest} was not ready in time; revision {old} keeps serving"
    return f"Rolling out revision {newest}; revision {old} is serving"
