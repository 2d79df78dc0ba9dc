"""Let requests into the cluster API, or refuse them: token, path, project, workload, container.

Errors are {code, reason, message}, but an unknown workload is a plain-text 500.
"""

import http
from collections.abc import Iterable
from dataclasses import dataclass

from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, PlainTextResponse, Response

from reconciler.emulator.clock import Clock
from reconciler.emulator.runai.containers import ClusterView, WorkloadView
from reconciler.emulator.runai.habits import Habits
from reconciler.emulator.runai.podview import Life, PodView
from reconciler.emulator.tokens import Principal, Tokens, Unauthenticated

_TYPES = frozenset({"workspace", "training", "distributed", "inference", "external"})
_FRAMEWORKS = frozenset({"runai", "mpi", "pytorch", "tf", "xgboost", "any", "external"})
_ENDING = frozenset({"Stopping", "Deleting"})


class Refused(Exception):
    """The request is answered with this instead."""

    def __init__(self, response: Response) -> None:
        super().__init__(f"refused with {response.status_code}")
        self.response = response


def refusal(code: int, message: str) -> Refused:
    """Refuse in the cluster's own envelope."""
    return Refused(error(code, message))


def error(code: int, message: str) -> Response:
    """Answer an error in the cluster's own envelope."""
    reason = http.HTTPStatus(code).phrase
    return JSONResponse({"code": code, "reason": reason, "message": message}, status_code=code)


@dataclass(frozen=True, slots=True)
class Gate:
    """What the endpoints of the cluster API ask before they answer."""

    tokens: Tokens
    cluster: ClusterView
    clock: Clock
    habits: Habits

    def authenticate(self, connection: HTTPConnection) -> Principal:
        """Tell who asks.  Raises Refused 401."""
        try:
            return self.tokens.principal_of(connection)
        except Unauthenticated as wrong:
            raise refusal(401, str(wrong)) from wrong

    def admit(self, connection: HTTPConnection) -> Principal:
        """Let in who has a token, sees the project and spells the path right.  Raises Refused."""
        principal = self.authenticate(connection)
        path = connection.path_params
        project = path["project"]
        if not principal.can_see(project):
            raise refusal(403, f"user does not have permission to access project '{project}'")
        if path["type"] not in _TYPES or path["framework"] not in _FRAMEWORKS:
            raise refusal(400, "unknown workload type or framework in the path")
        if not self.cluster.has_project(project):
            raise refusal(404, f"project '{project}' not found")
        return principal

    def admit_session(self, connection: HTTPConnection, verb: str) -> None:
        """Let in who may also act inside a container.  Raises Refused."""
        principal = self.admit(connection)
        if not principal.can_write and not self.habits.observers_exec:
            name = connection.path_params["name"]
            raise refusal(403, f"user does not have permission to {verb} workload '{name}'")

    def find(self, connection: HTTPConnection) -> WorkloadView | None:
        """Find the workload of the path as it is now."""
        path = connection.path_params
        return self.cluster.find(path["project"], path["type"], path["framework"], path["name"])

    def workload(self, connection: HTTPConnection) -> WorkloadView:
        """Find the workload of the path.  Raises Refused 500."""
        found = self.find(connection)
        if found is None:
            raise Refused(PlainTextResponse("failed to get workload: not found", status_code=500))
        return found

    def container(self, found: WorkloadView, pod: str | None, container: str | None) -> PodView:
        """Choose the container that is named, or the first of the first pod.  Raises Refused."""
        if not found.pods:
            raise refusal(404, "workload has no pods: it is not scheduled yet")
        chosen = next((each for each in found.pods if pod in (None, each.name)), None)
        if chosen is None:
            raise refusal(404, f'pods "{pod}" not found')
        beside = {each.container: each for each in found.pods if each.name == chosen.name}
        if container is None and len(beside) > 1 and not self.habits.picks_container:
            raise refusal(400, _must_be_named(chosen.name, beside))
        if container is not None and container not in beside:
            raise refusal(404, f'container "{container}" not found in pod "{chosen.name}"')
        return chosen if container is None else beside[container]

    def running(self, found: WorkloadView, pod: str | None, container: str | None) -> tuple[PodView, Life]:
        """Choose a container that runs.  Raises Refused: 409 for one that ends or has ended."""
        if found.phase in _ENDING:
            raise refusal(409, f"the workload is terminating: its phase is {found.phase}")
        chosen = self.container(found, pod, container)
        if chosen.phase in {"Succeeded", "Failed"}:
            raise refusal(409, f"cannot enter a completed pod; current phase is {chosen.phase}")
        if chosen.current is None:
            raise self.waiting(chosen)
        if chosen.current.ended_at is not None:
            said = f'container "{chosen.container}" is not running: it waits to be started again'
            raise refusal(409, said)
        return chosen, chosen.current

    def waiting(self, pod: PodView) -> Refused:
        """Refuse what a container that has not started cannot give."""
        said = f'container "{pod.container}" is waiting to start: ContainerCreating'
        return refusal(self.habits.waiting_status, said)


def _must_be_named(pod: str, containers: Iterable[str]) -> str:
    names = " ".join(containers)
    return f"a container name must be specified for pod {pod}, choose one of: [{names}]"
