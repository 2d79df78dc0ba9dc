"""Answer the API that each cluster serves itself: status, phases and logs.

Logs come over WebSockets, one line in each binary message, or as a download. Errors are
{code, reason, message}, but an unknown workload is a plain-text 500.
"""

import asyncio
import contextlib
import http
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from reconciler.emulator.clock import Clock
from reconciler.emulator.runai.containers import ClusterView, WorkloadView
from reconciler.emulator.runai.logquery import Allowance, BadQuery, LogQuery, read_query
from reconciler.emulator.runai.logs import Line, lines
from reconciler.emulator.runai.podview import Life, PodView
from reconciler.emulator.tokens import Principal, Tokens, Unauthenticated

_PREFIX = "/cluster-api/api/v1/{project}/workloads/{type}/{framework}/{name}"
_TYPES = frozenset({"workspace", "training", "distributed", "inference", "external"})
_FRAMEWORKS = frozenset({"runai", "mpi", "pytorch", "tf", "xgboost", "any", "external"})
_TERMINAL = frozenset({"Completed", "Failed"})
_UNSCHEDULED = frozenset({"Creating", "Pending", "Resuming"})
_POLL_S = 0.01


class Refused(Exception):
    """The request is answered with this instead."""

    def __init__(self, response: Response) -> None:
        super().__init__(f"refused with {response.status_code}")
        self.response = response


@dataclass(frozen=True, slots=True)
class Habits:
    """What the documents leave open, and how this cluster does it.

    `waiting_status` answers for the logs of a container that has not started. With
    `follow_replays` off a followed log begins with what is printed from then on. With
    `picks_container` off one of several containers must be named. `idle_s` closes
    a stream on which nothing was printed for so long.
    """

    waiting_status: int = 404
    follow_replays: bool = True
    picks_container: bool = True
    idle_s: float | None = None


def routes(
    tokens: Tokens,
    cluster: ClusterView,
    clock: Clock,
    habits: Habits = Habits(),
) -> list[BaseRoute]:
    """Give the routes of the cluster API, over a view of the world."""
    api = _ClusterApi(tokens, cluster, clock, habits)
    return [
        Route("/cluster-api/status", _or_refused(api.status)),
        Route(f"{_PREFIX}/status", _or_refused(api.workload_status)),
        Route(f"{_PREFIX}/logs/download", _or_refused(api.download)),
        Route(f"{_PREFIX}/logs", _or_refused(api.plain_logs)),
        WebSocketRoute(f"{_PREFIX}/logs", api.logs),
    ]


def _or_refused(
    answer: Callable[[Request], Awaitable[Response]],
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            return await answer(request)
        except Refused as refused:
            return refused.response

    return endpoint


@dataclass(frozen=True, slots=True)
class _ClusterApi:
    tokens: Tokens
    cluster: ClusterView
    clock: Clock
    habits: Habits

    async def status(self, request: Request) -> Response:
        self._authenticate(request)
        features = {"message_enabled": True, "message_resize_enabled": True}
        return JSONResponse({"version": "1.0", "features": features})

    async def workload_status(self, request: Request) -> Response:
        self._admit(request)
        found = self._workload(request)
        if found.phase in _UNSCHEDULED and not found.pods:
            raise _refusal(404, "workload has no pods: it is not scheduled yet")
        return JSONResponse({"status": found.phase})

    async def plain_logs(self, request: Request) -> Response:
        self._admit(request)
        response = _error(426, "logs are served over WebSocket only")
        response.headers.update({"upgrade": "websocket", "connection": "upgrade"})
        return response

    async def download(self, request: Request) -> Response:
        query, pod, life = self._log_of(request)
        now, allowance = self.clock.now(), Allowance(query.limit_bytes)
        picked = query.pick(lines(pod, life, now), now)
        body = b"".join(allowance.cut(query.render(line)) for line in picked)
        name = request.path_params["name"]
        headers = {"content-disposition": f'attachment; filename="{name}.log"'}
        return Response(body, media_type="application/octet-stream", headers=headers)

    async def logs(self, socket: WebSocket) -> None:
        try:
            query, pod, life = self._log_of(socket)
        except Refused as refused:
            await socket.send_denial_response(refused.response)
            return
        # The stream begins when it is asked for: once accepted, a client may move the clock.
        stream = _Stream(self, socket, query, pod, life)
        await socket.accept()
        # The client may leave at any moment; then there is nobody to tell.
        with contextlib.suppress(WebSocketDisconnect):
            await stream.run()

    def _log_of(self, connection: HTTPConnection) -> tuple[LogQuery, PodView, Life]:
        """Find what a log request asks for.  Raises Refused."""
        self._admit(connection)
        try:
            query = read_query(connection.query_params)
        except BadQuery as error:
            raise _refusal(400, str(error)) from error
        found = self._workload(connection)
        if found.phase in _TERMINAL:
            raise _refusal(404, f"logs are gone: the workload is {found.phase}")
        pod = _container(found, query, self.habits)
        life = pod.previous if query.previous else pod.current
        if life is None and query.previous:
            raise _refusal(404, f'previous terminated container "{pod.container}" not found')
        if life is None:
            said = f'container "{pod.container}" is waiting to start: ContainerCreating'
            raise _refusal(self.habits.waiting_status, said)
        return query, pod, life

    def _authenticate(self, connection: HTTPConnection) -> Principal:
        try:
            return self.tokens.principal_of(connection)
        except Unauthenticated as error:
            raise _refusal(401, str(error)) from error

    def _admit(self, connection: HTTPConnection) -> None:
        """Let in who has a token, sees the project and spells the path right."""
        principal = self._authenticate(connection)
        path = connection.path_params
        project = path["project"]
        if not principal.can_see(project):
            said = f"user does not have permission to access project '{project}'"
            raise _refusal(403, said)
        if path["type"] not in _TYPES or path["framework"] not in _FRAMEWORKS:
            raise _refusal(400, "unknown workload type or framework in the path")
        if not self.cluster.has_project(project):
            raise _refusal(404, f"project '{project}' not found")

    def _workload(self, connection: HTTPConnection) -> WorkloadView:
        found = self.find(connection)
        if found is None:
            raise Refused(PlainTextResponse("failed to get workload: not found", status_code=500))
        return found

    def find(self, connection: HTTPConnection) -> WorkloadView | None:
        path = connection.path_params
        return self.cluster.find(path["project"], path["type"], path["framework"], path["name"])


class _Stream:
    """One log session after the upgrade."""

    def __init__(
        self, api: _ClusterApi, socket: WebSocket, query: LogQuery, pod: PodView, life: Life
    ) -> None:
        self.api = api
        self.socket = socket
        self.query = query
        self.pod = pod
        self.life = life
        self.allowance = Allowance(query.limit_bytes)
        self.opened_at = self.active_at = api.clock.now()
        # Endless: how long the container lives is only known when it ends.
        self.feed = lines(pod, replace(life, ended_at=None))
        self.held: Line | None = None
        self.token = socket.headers["authorization"].partition(" ")[2].strip()

    async def run(self) -> None:
        """Send what there is, then what comes, then close with the fitting code."""
        now = self.opened_at
        if self._replays:
            await self._send(self.query.pick(lines(self.pod, self.life, now), now))
        if not self.query.follow or self.allowance.is_spent:
            await self.socket.close(1000)
            return
        await self._follow()

    @property
    def _replays(self) -> bool:
        asked = self.query.tail is not None or self.query.start(self.opened_at) is not None
        return self.api.habits.follow_replays or asked or not self.query.follow

    async def _follow(self) -> None:
        leaving = asyncio.ensure_future(self._until_left())
        try:
            while not leaving.done():
                code, now = self._ending(), self.api.clock.now()
                if code != 1001:  # a removed pod has nothing more to say
                    await self._send(line for line in self._printed(now) if line.at > self.opened_at)
                code = 1000 if self.allowance.is_spent else code
                if code is not None:
                    await self.socket.close(code)
                    return
                await asyncio.wait({leaving}, timeout=_POLL_S)
        finally:
            leaving.cancel()

    def _printed(self, now: datetime) -> Iterator[Line]:
        """Take from the feed what the container has printed since the last time."""
        until = min(now, self.life.ended_at or now)
        line = self.held or next(self.feed, None)
        while line is not None and line.at <= until:
            yield line
            line = next(self.feed, None)
        self.held = line

    async def _until_left(self) -> None:
        while (await self.socket.receive())["type"] != "websocket.disconnect":
            pass

    def _ending(self) -> int | None:
        """Tell the close code if the stream is over: 1008 token, 1001 pod gone, 1000 ended."""
        try:
            self.api.tokens.check(self.token)
        except Unauthenticated:
            return 1008
        pod = self._pod_now()
        if pod is None:
            return 1001
        started = self.life.started_at
        now = next((life for life in pod.lives if life.started_at == started), None)
        self.life = now or self.life
        if now is None or now.ended_at is not None:
            return 1000
        idle = (self.api.clock.now() - self.active_at).total_seconds()
        limit = self.api.habits.idle_s
        return 1001 if limit is not None and idle >= limit else None

    def _pod_now(self) -> PodView | None:
        found = self.api.find(self.socket)
        pods = found.pods if found else ()
        mine = (self.pod.name, self.pod.container)
        return next((pod for pod in pods if (pod.name, pod.container) == mine), None)

    async def _send(self, picked: Iterable[Line]) -> None:
        for line in picked:
            data = self.allowance.cut(self.query.render(line))
            if data:
                self.active_at = self.api.clock.now()
                await self.socket.send_bytes(data)


def _container(found: WorkloadView, query: LogQuery, habits: Habits) -> PodView:
    if not found.pods:
        raise _refusal(404, "workload has no pods: it is not scheduled yet")
    pod = next((pod for pod in found.pods if query.pod in (None, pod.name)), None)
    if pod is None:
        raise _refusal(404, f'pods "{query.pod}" not found')
    containers = {each.container: each for each in found.pods if each.name == pod.name}
    if query.container is None and len(containers) > 1 and not habits.picks_container:
        names = " ".join(containers)
        raise _refusal(
            400, f"a container name must be specified for pod {pod.name}, choose one of: [{names}]"
        )
    if query.container is not None and query.container not in containers:
        raise _refusal(404, f'container "{query.container}" not found in pod "{pod.name}"')
    return pod if query.container is None else containers[query.container]


def _error(code: int, message: str) -> Response:
    reason = http.HTTPStatus(code).phrase
    return JSONResponse({"code": code, "reason": reason, "message": message}, status_code=code)


def _refusal(code: int, message: str) -> Refused:
    return Refused(_error(code, message))
