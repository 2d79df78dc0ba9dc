"""Answer the API that each cluster serves itself: status, phases and logs.

Logs come over WebSockets, one line in each binary message, or as a download.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from reconciler.emulator.clock import Clock
from reconciler.emulator.runai.containers import ClusterView
from reconciler.emulator.runai.gate import Gate, Refused, error, refusal
from reconciler.emulator.runai.habits import Habits
from reconciler.emulator.runai.logquery import BadQuery, LogQuery, read_query
from reconciler.emulator.runai.logstream import LogStream, blocks
from reconciler.emulator.runai.podview import Life, PodView
from reconciler.emulator.runai.session import Session
from reconciler.emulator.tokens import Tokens

_PREFIX = "/cluster-api/api/v1/{project}/workloads/{type}/{framework}/{name}"
_TERMINAL = frozenset({"Completed", "Failed"})
_UNSCHEDULED = frozenset({"Creating", "Pending", "Resuming"})


def routes(
    tokens: Tokens,
    cluster: ClusterView,
    clock: Clock,
    habits: Habits | None = None,
) -> list[BaseRoute]:
    """Give the routes of the cluster API, over a view of the world."""
    api = _ClusterApi(Gate(tokens, cluster, clock, habits or Habits()))
    return [
        Route("/cluster-api/status", _or_refused(api.status)),
        Route(f"{_PREFIX}/status", _or_refused(api.workload_status)),
        Route(f"{_PREFIX}/logs/download", _or_refused(api.download)),
        Route(f"{_PREFIX}/logs", _or_refused(api.plain)),
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
    gate: Gate

    async def status(self, request: Request) -> Response:
        self.gate.authenticate(request)
        features = {"message_enabled": True, "message_resize_enabled": True}
        return JSONResponse({"version": "1.0", "features": features})

    async def workload_status(self, request: Request) -> Response:
        self.gate.admit(request)
        found = self.gate.workload(request)
        if found.phase in _UNSCHEDULED and not found.pods:
            raise refusal(404, "workload has no pods: it is not scheduled yet")
        return JSONResponse({"status": found.phase})

    async def plain(self, request: Request) -> Response:
        self.gate.admit(request)
        response = error(426, "this endpoint is served over WebSocket only")
        response.headers.update({"upgrade": "websocket", "connection": "upgrade"})
        return response

    async def download(self, request: Request) -> Response:
        query, pod, life = self._log_of(request)
        name = request.path_params["name"]
        headers = {"content-disposition": f'attachment; filename="{name}.log"'}
        body = blocks(query, pod, life, self.gate.clock.now())
        return StreamingResponse(body, media_type="application/octet-stream", headers=headers)

    async def logs(self, socket: WebSocket) -> None:
        try:
            query, pod, life = self._log_of(socket)
        except Refused as refused:
            await socket.send_denial_response(refused.response)
            return
        # The stream begins when it is asked for: once accepted, a client may move the clock.
        session = Session(self.gate, socket, pod, life)
        stream = LogStream(session, query)
        await socket.accept()
        await session.run(stream.run(), session.expired)

    def _log_of(self, connection: HTTPConnection) -> tuple[LogQuery, PodView, Life]:
        """Find what a log request asks for.  Raises Refused."""
        self.gate.admit(connection)
        try:
            query = read_query(connection.query_params)
        except BadQuery as wrong:
            raise refusal(400, str(wrong)) from wrong
        found = self.gate.workload(connection)
        if found.phase in _TERMINAL:
            raise refusal(404, f"logs are gone: the workload is {found.phase}")
        pod = self.gate.container(found, query.pod, query.container)
        life = pod.previous if query.previous else pod.current
        if life is None and query.previous:
            raise refusal(404, f'previous terminated container "{pod.container}" not found')
        if life is None:
            raise self.gate.waiting(pod)
        return query, pod, life
