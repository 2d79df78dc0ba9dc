"""Answer the API that each cluster serves itself: status, phases, logs, and ways into containers.

Logs come over WebSockets, one line in each binary message, or as a download; exec, attach and
port-forward are WebSockets only.
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from reconciler.emulator.clock import Clock
from reconciler.emulator.runai.containers import ClusterView
from reconciler.emulator.runai.forward import Forward, refused
from reconciler.emulator.runai.framing import subprotocol
from reconciler.emulator.runai.gate import Gate, Refused, error, refusal
from reconciler.emulator.runai.habits import Habits
from reconciler.emulator.runai.interact import Interaction
from reconciler.emulator.runai.logquery import BadQuery, LogQuery, read_query
from reconciler.emulator.runai.logstream import LogStream, blocks
from reconciler.emulator.runai.podview import Life, PodView
from reconciler.emulator.runai.session import Session
from reconciler.emulator.runai.stories import story_of
from reconciler.emulator.runai.streamquery import Streams, read_command, read_ports, read_streams
from reconciler.emulator.tokens import Tokens

_PREFIX = "/cluster-api/api/v1/{project}/workloads/{type}/{framework}/{name}"
# Programs that hold their standard input themselves.
_TRAINING = frozenset({"training", "launcher", "worker"})
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
        WebSocketRoute(f"{_PREFIX}/logs", _or_denied(api.logs)),
        *_sessions("exec", api.exec, api.plain),
        *_sessions("attach", api.attach, api.plain),
        *_sessions("port-forward", api.port_forward, api.plain),
    ]


def _sessions(
    name: str,
    open_session: Callable[[WebSocket], Awaitable[None]],
    plain: Callable[[Request], Awaitable[Response]],
) -> list[BaseRoute]:
    return [
        Route(f"{_PREFIX}/{name}", _or_refused(plain)),
        WebSocketRoute(f"{_PREFIX}/{name}", _or_denied(open_session)),
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


def _or_denied(
    open_session: Callable[[WebSocket], Awaitable[None]],
) -> Callable[[WebSocket], Awaitable[None]]:
    async def endpoint(socket: WebSocket) -> None:
        try:
            await open_session(socket)
        except Refused as refused:
            await socket.send_denial_response(refused.response)

    return endpoint


@dataclass(frozen=True, slots=True)
class _ClusterApi:
    gate: Gate
    attached: set[tuple[str, str, str]] = field(default_factory=set)  # whose stdin somebody holds

    async def status(self, request: Request) -> Response:
        self.gate.authenticate(request)
        habits = self.gate.habits
        features = {
            "message_enabled": habits.message_enabled,
            "message_resize_enabled": habits.message_resize_enabled,
        }
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
        query, pod, life = self._log_of(socket)
        # The stream begins when it is asked for: once accepted, a client may move the clock.
        session = Session(self.gate, socket, pod, life)
        stream = LogStream(session, query)
        await socket.accept()
        await session.run(stream.run(), session.expired)

    async def _accept(self, socket: WebSocket) -> None:
        await socket.accept(subprotocol(self.gate.habits.framing, socket["subprotocols"]))

    async def exec(self, socket: WebSocket) -> None:
        self.gate.admit_session(socket, "exec into")
        with _strictly():
            streams = read_streams(socket.query_params)
            argv = read_command(socket.query_params.get("command"), socket.headers.get("command"))
        found = self.gate.workload(socket)
        session = Session(self.gate, socket, *self.gate.running(found, streams.pod, streams.container))
        await self._accept(socket)
        await session.run(Interaction(session, streams).execute(argv))

    async def attach(self, socket: WebSocket) -> None:
        self.gate.admit_session(socket, "attach to")
        with _strictly():
            streams = read_streams(socket.query_params)
        found = self.gate.workload(socket)
        session = Session(self.gate, socket, *self.gate.running(found, streams.pod, streams.container))
        with self._holding_stdio(session, streams):
            await self._accept(socket)
            await session.run(Interaction(session, streams).attach(), session.expired)

    @contextmanager
    def _holding_stdio(self, session: Session, streams: Streams) -> Iterator[None]:
        """Take hold of a main process.  Raises Refused 503 if somebody, or itself, has."""
        pod, taken = session.pod, self.gate.habits.stdio_taken
        mine = (session.socket.path_params["project"], pod.name, pod.container)
        trains = taken == "training" and story_of(pod) in _TRAINING
        if taken == "always" or trains or (taken != "never" and mine in self.attached):
            said = f'cannot attach to container "{pod.container}": its primary process already holds stdio'
            raise refusal(503, said)
        if streams.stdin:
            self.attached.add(mine)
        try:
            yield
        finally:
            if streams.stdin:
                self.attached.discard(mine)

    async def port_forward(self, socket: WebSocket) -> None:
        self.gate.admit_session(socket, "forward ports of")
        params, habits = socket.query_params, self.gate.habits
        with _strictly():
            ports = read_ports(params)
        if len(ports) > 1 and habits.framing != "channels" and habits.many_ports == "refused":
            raise refusal(400, "only one port can be forwarded at a time")
        found = self.gate.workload(socket)
        pod, life = self.gate.running(found, params.get("pod") or None, params.get("container") or None)
        forward = Forward(Session(self.gate, socket, pod, life), ports)
        if not forward.ends and habits.closed_port == "handshake":
            raise refusal(503, refused(ports[0]))
        await self._accept(socket)
        await forward.session.run(forward.run())

    def _log_of(self, connection: HTTPConnection) -> tuple[LogQuery, PodView, Life]:
        """Find what a log request asks for.  Raises Refused."""
        self.gate.admit(connection)
        with _strictly():
            query = read_query(connection.query_params)
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


@contextmanager
def _strictly() -> Iterator[None]:
    """Refuse what cannot be understood.  Raises Refused 400."""
    try:
        yield
    except BadQuery as wrong:
        raise refusal(400, str(wrong)) from wrong
