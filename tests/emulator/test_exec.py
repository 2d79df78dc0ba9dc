"""Commands in containers, as the document of the cluster API describes them."""

import base64
import contextlib
import json
import threading
import time
from collections.abc import Iterator
from typing import Any, Literal
from urllib.parse import quote

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection
from websockets.typing import Subprotocol

from reconciler.emulator.faults import Fault
from reconciler.emulator.runai import Habits
from reconciler.emulator.runai.habits import Framing
from reconciler.emulator.wire import Ending
from tests.emulator.sites import PREFIX, Cluster, cluster, heard, said

BOX = "workspace/runai/box/exec"


def encoded(*argv: str) -> str:
    return base64.b64encode(json.dumps(argv).encode()).decode()


def asked(*argv: str, **more: str) -> str:
    """Write the query of an exec."""
    pairs = {"command": encoded(*argv), **more}
    return "&".join(f"{key}={quote(value, safe='')}" for key, value in pairs.items())


@contextlib.contextmanager
def box(habits: Habits | None = None, **spec: Any) -> Iterator[Cluster]:
    with cluster(habits or Habits()) as made:
        made.start("Workspace", "box", **{"image": "busybox", "command": "sleep infinity", **spec})
        yield made


@pytest.fixture
def at() -> Iterator[Cluster]:
    with box() as made:
        yield made


def run(at: Cluster, *argv: str, **more: str) -> tuple[str, str]:
    """Run a command to its end; give what it wrote and the reason of the close, which is 1000."""
    with at.dial(BOX, asked(*argv, **more)) as client:
        output = heard(client)
        assert client.close_code == 1000
        return output.decode(), client.close_reason or ""


def until(client: ClientConnection, end: bytes) -> bytes:
    """Read until something was written."""
    got = b""
    while not got.endswith(end):
        got += said(client)
    return got


# -- the command ---------------------------------------------------------------------------------


def test_the_documents_own_command_opens_a_shell(at: Cluster) -> None:
    query = "command=WyIvYmluL2Jhc2giXQ%3D%3D&tty=true&stdin=true&stdout=true&stderr=true"

    with at.dial(BOX, query) as client:
        assert until(client, b"# ") == b"root@box-0:/workspace# "


def test_a_command_may_stand_in_a_header(at: Cluster) -> None:
    with at.dial(BOX, headers={"Command": encoded("echo", "a b", "c")}) as client:
        assert heard(client) == b"a b c\n"
        assert client.close_code == 1000


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("", "command is missing"),
        ("command=", "command is missing"),
        ("command=echo", "not base64"),
        ("command=%2Fbin%2Fbash", "not base64"),
        ("command=WyIvYmluL2Jhc2giXQ", "not base64"),
        ("command=" + quote(base64.b64encode(b"[1]").decode()), "not an array"),
        ("command=" + quote(base64.b64encode(b"[]").decode()), "not an array"),
        ("command=" + quote(base64.b64encode(b'"ls"').decode()), "not an array"),
        ("command=" + quote(base64.b64encode(b'[""]').decode()), "empty"),
        (asked("ls") + "&tty=perhaps", "tty"),
        (asked("ls") + "&stdout=false&stderr=false", "at least one"),
    ],
)
def test_a_command_that_makes_no_sense_is_400(at: Cluster, command: str, says: str) -> None:
    status, body = at.refused(BOX, command)

    assert (status, body["code"], body["reason"]) == (400, 400, "Bad Request")
    assert says in body["message"]


@pytest.mark.parametrize("is_header", [True, False])
def test_a_command_that_fits_into_no_line_of_a_request_is_400(at: Cluster, is_header: bool) -> None:
    argv = ("echo", "x" * 10_000)

    status, body = at.refused(
        BOX, "" if is_header else asked(*argv), {"Command": encoded(*argv)} if is_header else None
    )

    assert (status, body["code"], body["reason"]) == (400, 400, "Bad Request")
    assert "longer than 8192 bytes" in body["message"]


# -- who may, and when ---------------------------------------------------------------------------


@pytest.mark.parametrize("endpoint", ["exec", "attach", "port-forward"])
class TestRefusals:
    def query(self, endpoint: str) -> str:
        return {"exec": asked("ls"), "attach": "", "port-forward": "port=8080"}[endpoint]

    def test_without_an_upgrade_it_is_426(self, at: Cluster, endpoint: str) -> None:
        answer = at.get(f"workspace/runai/box/{endpoint}")

        assert (answer.status_code, answer.headers["upgrade"]) == (426, "websocket")

    def test_without_a_token_it_is_401(self, at: Cluster, endpoint: str) -> None:
        at.emulator.tokens.issue = lambda client_id: "no.token.atall"  # type: ignore[method-assign]  # stands in

        status, body = at.refused(f"workspace/runai/box/{endpoint}", self.query(endpoint))

        assert (status, body["reason"]) == (401, "Unauthorized")

    def test_a_project_out_of_reach_is_403(self, at: Cluster, endpoint: str) -> None:
        at.emulator.tokens.add("b", "s", "b-bot", projects=["team-b"])
        at.who = "b"

        assert at.refused(f"workspace/runai/box/{endpoint}", self.query(endpoint))[0] == 403

    def test_who_may_only_read_is_403(self, at: Cluster, endpoint: str) -> None:
        at.emulator.tokens.add("r", "s", "reader", can_write=False)
        at.who = "r"

        status, body = at.refused(f"workspace/runai/box/{endpoint}", self.query(endpoint))

        assert status == 403
        assert "does not have permission" in body["message"]

    @pytest.mark.parametrize("query", ["pod=other", "container=other"])
    def test_a_pod_or_container_that_is_not_there_is_404(
        self, at: Cluster, endpoint: str, query: str
    ) -> None:
        status, _ = at.refused(f"workspace/runai/box/{endpoint}", f"{self.query(endpoint)}&{query}")

        assert status == 404

    def test_a_workload_without_pods_is_404(self, at: Cluster, endpoint: str) -> None:
        at.emulator.world.add_workload(
            kind="Workspace", project="team-a", name="new", spec={"image": "b"}, created_by="demo"
        )

        assert at.refused(f"workspace/runai/new/{endpoint}", self.query(endpoint))[0] == 404

    def test_an_unknown_project_is_404(self, at: Cluster, endpoint: str) -> None:
        path = f"/cluster-api/api/v1/nowhere/workloads/workspace/runai/box/{endpoint}"

        assert at.refused(path, self.query(endpoint))[0] == 404

    def test_an_unknown_workload_is_a_plain_500(self, at: Cluster, endpoint: str) -> None:
        status, body = at.refused(f"workspace/runai/other/{endpoint}", self.query(endpoint))

        assert (status, body) == (500, "failed to get workload: not found")

    @pytest.mark.parametrize("how", ["stop", "remove"])
    def test_a_workload_that_is_terminating_is_409(self, at: Cluster, endpoint: str, how: str) -> None:
        path = f"/api/v1/workloads/workspaces/{at.emulator.world.live()[0].id}"
        with at.client() as client:
            asked = {"stop": ("POST", f"{path}/suspend"), "remove": ("DELETE", path)}[how]
            assert client.request(asked[0], at.path(asked[1])).status_code == 202

        status, body = at.refused(f"workspace/runai/box/{endpoint}", self.query(endpoint))

        assert (status, body["reason"]) == (409, "Conflict")
        assert "terminating" in body["message"]

    def test_a_job_that_is_over_is_409(self, at: Cluster, endpoint: str) -> None:
        at.start("Training", "job", image="busybox", command="sleep 5")
        at.emulator.world.settle()

        status, body = at.refused(f"training/runai/job/{endpoint}", self.query(endpoint))

        assert status == 409
        assert "Succeeded" in body["message"]

    def test_a_container_between_two_starts_is_409(self, at: Cluster, endpoint: str) -> None:
        at.emulator.world.add_workload(
            kind="Training",
            project="team-a",
            name="bad",
            spec={"image": "python:3.12", "command": "python -c 'crash'", "backoffLimit": 5},
            created_by="demo",
        )
        for _ in range(12):
            at.clock.advance(1)
            at.emulator.world.settle()

        status, body = at.refused(f"training/runai/bad/{endpoint}", self.query(endpoint))

        assert status == 409
        assert "not running" in body["message"]

    @pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 426, 500, 503])
    def test_every_status_of_the_document_can_be_scripted(
        self, at: Cluster, endpoint: str, status: int
    ) -> None:
        at.faults.add(Fault(f"WS {PREFIX}/.*/{endpoint}", status=status))

        assert at.refused(f"workspace/runai/box/{endpoint}", self.query(endpoint))[0] == status


def test_who_may_only_read_may_be_let_in() -> None:
    with box(Habits(observers_exec=True)) as at:
        at.emulator.tokens.add("r", "s", "reader", can_write=False)
        at.who = "r"

        assert run(at, "pwd") == ("/workspace\n", "")


DEPLOYMENT: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web"},
    "spec": {
        "replicas": 1,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {
                "containers": [
                    {"name": "main", "image": "busybox", "env": [{"name": "WHICH", "value": "main"}]},
                    {"name": "proxy", "image": "envoy", "env": [{"name": "WHICH", "value": "proxy"}]},
                ]
            },
        },
    },
}


@contextlib.contextmanager
def pair(habits: Habits | None = None) -> Iterator[Cluster]:
    """Run a pod of two containers."""
    with cluster(habits or Habits()) as made:
        project = made.emulator.world.project_named("team-a").id
        with made.client() as client:
            body = {"metadata": {"name": "web", "projectId": project}, "manifest": DEPLOYMENT}
            answer = client.post(made.path("/api/v2/workloads"), json=body)
            assert answer.status_code in {200, 201, 202}, answer.text
        for _ in range(4):
            made.clock.advance(20)
            made.emulator.world.settle()
        yield made


WEB = "external/external/ew-deployment-web/exec"


def test_of_two_containers_the_first_is_chosen_or_the_one_that_is_named() -> None:
    with pair() as at:
        for query, which in ((asked("env"), b"main"), (asked("env") + "&container=proxy", b"proxy")):
            with at.dial(WEB, query) as client:
                assert b"WHICH=" + which in heard(client)


def test_one_of_two_containers_may_have_to_be_named() -> None:
    with pair(Habits(picks_container=False)) as at:
        status, body = at.refused(WEB, asked("env"))

        assert status == 400
        assert body["message"].endswith("choose one of: [main proxy]")


# -- programs ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argv", "output"),
    [
        (("echo", "-n", "a", "b"), "a b"),
        (("pwd",), "/workspace\n"),
        (("hostname",), "box-0\n"),
        (("whoami",), "root\n"),
        (("ls",), "README.md\nmain.py\nutf8.txt\n"),
        (("ls", "/"), "etc\nroot\ntmp\nworkspace\n"),
        (("ls", "/no"), "ls: cannot access '/no': No such file or directory\n"),
        (("cat", "utf8.txt", "/etc/hostname"), "Grüße aus 東京 🚀\nbox-0\n"),
        (("cat", "/etc"), "cat: /etc: Is a directory\n"),
        (("true",), ""),
        (("seq", "3"), "1\n2\n3\n"),
        (("bash", "-c", "cd /etc && pwd; echo $HOME '$HOME' \"in $HOME\""), "/etc\n/root $HOME in /root\n"),
        (("sh", "-lc", "false || echo saved; false && echo lost; echo $?"), "saved\n1\n"),
        (("bash", "-c", "x=1; export y=2; echo $x $y # a comment"), "1 2\n"),
        (("bash", "-c", "echo a\\ b"), "a b\n"),
        (("bash", "-c", "cd /no"), "bash: cd: /no: No such file or directory\n"),
        (("bash", "-c", "ls | cat"), "bash: `|' is not supported by the emulated shell\n"),
        (("bash", "-c", "echo 'a"), "bash: unexpected EOF while looking for matching `''\n"),
        (("bash", "-c", "; ls"), "bash: syntax error near unexpected token `;'\n"),
        (("bash", "-c", "frobnicate"), "bash: frobnicate: command not found\n"),
        (("nvidia-smi",), 'exec: "nvidia-smi": executable file not found in $PATH: unknown\n'),
        (("/usr/bin/env", "-"), None),
        (("printenv", "HOME", "NONE"), "/root\n"),
        (("ls", "main.py"), "main.py\n"),
        (("sleep", "soon"), "sleep: invalid time interval 'soon'\n"),
        (("seq", "x"), "seq: one whole number is all that it takes here\n"),
        (("bash", "-c", 'echo "a \\"b\\" $"'), 'a "b" $\n'),
        (("bash", "-c", 'echo "a'), "bash: unexpected EOF while looking for matching `\"'\n"),
        (("bash", "-c", "cd; pwd"), "/root\n"),
        (("bash", "-c", "echo a # b; ls"), "a\n"),
        (("stty", "size"), "stty: 'standard input': Inappropriate ioctl for device\n"),
    ],
)
def test_programs_write(at: Cluster, argv: tuple[str, ...], output: str | None) -> None:
    written, _ = run(at, *argv)

    assert written == output if output is not None else "PATH=" in written


@pytest.mark.parametrize(
    ("argv", "status"),
    [
        (("true",), 0),
        (("false",), 1),
        (("bash", "-c", "exit 7"), 7),
        (("bash", "-c", "exit 256"), 0),
        (("bash", "-c", "exit x"), 2),
        (("bash", "-c", "false; exit"), 1),
        (("bash", "-c", "ls |"), 2),
        (("nonesuch",), 127),
        (("bash", "-c", "nonesuch"), 127),
        (("python", "-c", "print(1)"), 126),
        (("python3", "-c", "import os; os.system('id')"), 126),
        (("cat", "/no"), 1),
    ],
)
def test_a_close_may_tell_the_status(argv: tuple[str, ...], status: int) -> None:
    with box(Habits(tells_exit=True)) as at:
        _, reason = run(at, *argv)

    assert reason == (f"command terminated with exit code {status}" if status else "")


def test_the_environment_is_the_containers_own() -> None:
    with box(environmentVariables=[{"name": "MODEL", "value": "llama"}], workingDir="/srv") as at:
        written, _ = run(at, "env")

        assert "MODEL=llama\n" in written
        assert "HOSTNAME=box-0\n" in written
        assert run(at, "pwd")[0] == "/srv\n"
    assert "VIRTUAL_ENV" not in written


def test_gpus_are_shown() -> None:
    with box(compute={"gpuDevicesRequest": 2}) as at:
        table, _ = run(at, "nvidia-smi")
        listed, _ = run(at, "nvidia-smi", "-L")

    assert table.count("NVIDIA H100") == 2
    assert len({len(line) for line in table.splitlines()}) == 1
    assert listed.splitlines()[1].startswith("GPU 1: NVIDIA H100 80GB HBM3")


def test_nothing_real_is_read(at: Cluster) -> None:
    assert "No such file" in run(at, "cat", "/etc/passwd")[0]
    assert "No such file" in run(at, "cat", "../../../../proc/self/environ")[0]
    assert run(at, "cat", "../etc/hostname")[0] == "box-0\n"


def test_sleep_takes_emulated_time(at: Cluster) -> None:
    with at.dial(BOX, asked("sleep", "60")) as client:
        slept = 0
        while at.ledger.streams()[-1].ending is None and slept < 1000:
            at.clock.advance(1)
            slept += 1
            with contextlib.suppress(TimeoutError, ConnectionClosed):
                client.recv(timeout=0.02)

        assert 60 <= slept < 100
        assert client.close_code == 1000


# -- standard input ------------------------------------------------------------------------------


def test_without_stdin_a_program_reads_nothing(at: Cluster) -> None:
    assert run(at, "cat") == ("", "")


def test_what_is_sent_comes_back_byte_by_byte(at: Cluster) -> None:
    data = bytes(range(256)) * 1024

    with at.dial(BOX, asked("cat", stdin="true"), compression=None) as client:
        sender = threading.Thread(target=typed, args=(client, data))
        sender.start()
        got = b""
        while len(got) < len(data):
            got += said(client)
        sender.join()

    assert got == data
    stream = at.ended()
    assert (stream.sent, stream.received) == (len(data), len(data))
    assert stream.ending == Ending(1000, "client")


def typed(client: ClientConnection, data: bytes) -> None:
    for start in range(0, len(data), 4096):
        client.send(data[start : start + 4096])


def test_text_messages_are_input_too(at: Cluster) -> None:
    with at.dial(BOX, asked("cat", stdin="true")) as client:
        client.send("ü\n")
        assert said(client) == "ü\n".encode()


def test_a_shell_reads_lines_without_a_prompt(at: Cluster) -> None:
    with at.dial(BOX, asked("bash", stdin="true")) as client:
        client.send(b"echo on")
        client.send(b"e\ncd /etc\npwd\nexit\n")
        assert heard(client) == b"one\n/etc\n"


def test_an_empty_message_may_end_the_input() -> None:
    with box(Habits(empty_ends_stdin=True)) as at, at.dial(BOX, asked("wc", stdin="true")) as client:
        client.send(b"12345")
        client.send(b"")
        assert heard(client) == b"5\n"


def test_who_does_not_want_an_output_gets_none(at: Cluster) -> None:
    assert run(at, "bash", "-c", "echo out; nonesuch", stdout="false") == (
        "bash: nonesuch: command not found\n",
        "",
    )
    assert run(at, "bash", "-c", "echo out; nonesuch", stderr="false") == ("out\n", "")


def test_input_that_nobody_reads_is_waited_for(at: Cluster) -> None:
    """A program that sleeps takes 64 KiB and some messages on their way, and then no more."""
    with at.dial(
        BOX, asked("sleep", "infinity", stdin="true"), close_timeout=0.1, compression=None
    ) as client:
        client.socket.settimeout(1)
        sender = threading.Thread(target=flood, args=(client,), daemon=True)
        sender.start()
        received = at.stalled().received

        assert 64 * 1024 <= received < 1024 * 1024
        assert at.get("/cluster-api/status").status_code == 200
        client.socket.shutdown(2)
    sender.join(5)


def flood(client: ClientConnection) -> None:
    with contextlib.suppress(ConnectionClosed, OSError):
        for _ in range(10_000):
            client.send(b"x" * 8192)


def test_output_that_nobody_reads_is_waited_for(at: Cluster) -> None:
    options: dict[str, Any] = {"max_queue": 1, "close_timeout": 0.1, "compression": None}
    with at.dial(BOX, asked("yes"), **options) as client:
        sent = at.stalled().sent

        assert 0 < sent < 20_000_000
        assert said(client).startswith(b"y\ny\n")


# -- the terminal --------------------------------------------------------------------------------

PROMPT = b"root@box-0:/workspace# "


@contextlib.contextmanager
def terminal(at: Cluster, *argv: str) -> Iterator[ClientConnection]:
    with at.dial(BOX, asked(*(argv or ("bash",)), tty="true", stdin="true")) as client:
        yield client


def test_a_terminal_echoes_and_returns(at: Cluster) -> None:
    with terminal(at) as client:
        until(client, PROMPT)
        client.send(b"echo hi\r")

        assert until(client, PROMPT) == b"echo hi\r\nhi\r\n" + PROMPT


def test_a_terminal_lets_a_line_be_mended(at: Cluster) -> None:
    with terminal(at) as client:
        until(client, PROMPT)
        client.send("nonsense\x15echo aüx\x7f\x7fb\x1b[A\n".encode())

        assert until(client, PROMPT).endswith(b"\r\nab\r\n" + PROMPT)


def test_ctrl_c_ends_what_runs_and_not_the_shell(at: Cluster) -> None:
    with terminal(at) as client:
        until(client, PROMPT)
        client.send(b"sleep infinity\n")
        until(client, b"sleep infinity\r\n")
        time.sleep(0.05)
        client.send(b"\x03")
        assert until(client, PROMPT) == b"^C\r\n" + PROMPT
        client.send(b"echo $?\n")
        assert until(client, PROMPT) == b"echo $?\r\n130\r\n" + PROMPT


def test_ctrl_c_drops_the_line_that_is_typed(at: Cluster) -> None:
    with terminal(at) as client:
        until(client, PROMPT)
        client.send(b"half a li\x03")

        assert until(client, PROMPT) == b"half a li^C\r\n" + PROMPT


def test_ctrl_c_ends_a_program_without_a_shell() -> None:
    with box(Habits(tells_exit=True)) as at, terminal(at, "cat") as client:
        client.send(b"a\r\n")
        until(client, b"a\r\n\r\na\r\n\r\n")
        client.send(b"\x03")
        heard(client)

        assert client.close_reason == "command terminated with exit code 130"


def test_ctrl_d_ends_a_read_and_then_the_shell(at: Cluster) -> None:
    with terminal(at) as client:
        until(client, PROMPT)
        client.send(b"cat\nx\n\x04")
        assert until(client, PROMPT) == b"cat\r\nx\r\nx\r\n" + PROMPT
        client.send(b"\x04")

        assert heard(client) == b"exit\r\n"
        assert client.close_code == 1000


def test_ctrl_d_after_words_hands_them_over(at: Cluster) -> None:
    with terminal(at, "cat") as client:
        client.send(b"ab\x04")

        assert until(client, b"abab") == b"abab"


def test_a_terminal_has_one_output(at: Cluster) -> None:
    with at.dial(BOX, asked("bash", "-c", "nonesuch", tty="true", stderr="false")) as client:
        assert heard(client) == b"bash: nonesuch: command not found\r\n"


def test_a_line_that_never_ends_is_refused_with_a_bell(at: Cluster) -> None:
    with terminal(at) as client:
        until(client, PROMPT)
        client.send(b"x" * 5000)

        assert until(client, b"\a" * 904) == b"x" * 4096 + b"\a" * 904


def test_a_size_may_come_as_text() -> None:
    with box(Habits(framing="resizable")) as at, terminal(at) as client:
        until(client, PROMPT)
        client.send(b"stty size\n")
        assert b"24 80\r\n" in until(client, PROMPT)
        client.send('{"Width": 132, "Height": 43}')
        client.send("stty size\n")
        assert b"43 132\r\n" in until(client, PROMPT)


def test_bytes_as_they_are_carry_no_size(at: Cluster) -> None:
    with terminal(at, "cat") as client:
        client.send('{"Width": 132, "Height": 43}\n')

        assert b"Width" in said(client)


# -- channels ------------------------------------------------------------------------------------


def channels(client: ClientConnection) -> dict[int, bytes]:
    """Collect what each channel carried until the close."""
    got: dict[int, bytes] = {}
    with contextlib.suppress(ConnectionClosed):
        while True:
            message = said(client)
            got[message[0]] = got.get(message[0], b"") + message[1:]
    return got


def test_channels_keep_the_outputs_apart_and_tell_the_status() -> None:
    with box(Habits(framing="channels")) as at:
        with at.dial(BOX, asked("bash", "-c", "echo out; nonesuch; exit 3")) as client:
            got = channels(client)

        assert got[1] == b"out\n"
        assert got[2] == b"bash: nonesuch: command not found\n"
        assert json.loads(got[3]) == {
            "metadata": {},
            "status": "Failure",
            "message": "command terminated with non-zero exit code: exit status 3",
            "reason": "NonZeroExitCode",
            "details": {"causes": [{"reason": "ExitCode", "message": "3"}]},
        }
        with at.dial(BOX, asked("true")) as client:
            assert json.loads(channels(client)[3])["status"] == "Success"


@pytest.mark.parametrize(
    ("framing", "offered", "chosen"),
    [
        ("channels", ["x", "v4.channel.k8s.io", "v5.channel.k8s.io"], "v4.channel.k8s.io"),
        ("channels", None, None),
        ("raw", ["v5.channel.k8s.io"], None),
    ],
)
def test_channels_may_be_asked_for_by_name(
    framing: Framing, offered: list[Subprotocol] | None, chosen: str | None
) -> None:
    with box(Habits(framing=framing)) as at, at.dial(BOX, asked("true"), subprotocols=offered) as client:
        assert client.subprotocol == chosen


def test_channels_carry_input_its_end_and_the_size() -> None:
    with box(Habits(framing="channels")) as at:
        with at.dial(BOX, asked("wc", stdin="true")) as client:
            client.send(b"\x00abc")
            client.send(b"\x09what is this")
            client.send(b"\x04not a size")
            client.send(b"")
            client.send(b"\xff\x00")
            assert channels(client)[1] == b"3\n"
        with at.dial(BOX, asked("bash", stdin="true", tty="true")) as client:
            client.send(b'\x04{"Width":100,"Height":50}')
            client.send(b"\x00stty size\nexit\n")
            assert b"50 100\r\n" in channels(client)[1]


# -- how a session ends --------------------------------------------------------------------------


def test_a_token_that_expires_ends_a_session(at: Cluster) -> None:
    at.emulator.tokens.token_ttl_s = 60
    with terminal(at) as client:
        until(client, PROMPT)
        at.clock.advance(60)
        heard(client)

        assert (client.close_code, client.close_reason) == (1008, "token is expired")
    assert at.ended().ending == Ending(1008, "server")


def test_a_pod_that_goes_away_ends_a_session(at: Cluster) -> None:
    with terminal(at) as client:
        until(client, PROMPT)
        at.emulator.world.stop(at.emulator.world.live()[0].id)
        heard(client)

        assert client.close_code == 1001


def test_a_container_that_ends_ends_a_session(at: Cluster) -> None:
    at.start("Training", "job", image="busybox", command="sleep 300")
    with at.dial("training/runai/job/exec", asked("sleep", "infinity")) as client:
        at.clock.advance(250)
        heard(client)

        assert client.close_code == 1000


def test_a_session_without_traffic_ends_after_five_minutes(at: Cluster) -> None:
    with terminal(at) as client:
        until(client, PROMPT)
        at.clock.advance(200)
        client.send(b"x")
        assert said(client) == b"x"
        at.clock.advance(200)
        with pytest.raises(TimeoutError):
            client.recv(timeout=0.1)
        at.clock.advance(100)
        heard(client)

        assert (client.close_code, client.close_reason) == (1001, "idle timeout")


def test_pings_of_a_client_are_no_traffic(at: Cluster) -> None:
    with terminal(at) as client:
        until(client, PROMPT)
        at.clock.advance(200)
        assert client.ping().wait(5)
        at.clock.advance(100)
        heard(client)

        assert client.close_reason == "idle timeout"


def test_a_session_has_no_greatest_age_unless_the_switch_says_so() -> None:
    with box(Habits(max_s=600)) as at, terminal(at) as client:
        until(client, PROMPT)
        for _ in range(3):
            at.clock.advance(199)
            client.send(b"x")
            assert said(client) == b"x"
        at.clock.advance(3)
        heard(client)

        assert client.close_reason == "maximum duration reached"


def test_a_handshake_may_be_redirected(at: Cluster) -> None:
    at.faults.add(Fault(f"WS {PREFIX}/.*/exec", kind="redirect", location="http://elsewhere.invalid/"))
    with at.raw(f"{BOX}?{asked('ls')}") as sock:
        answer = sock.recv(4096)

    assert answer.startswith(b"HTTP/1.1 302 ")
    assert b"location: http://elsewhere.invalid/\r\n" in answer.lower()


@pytest.mark.parametrize("ending", ["reset", "close"])
def test_a_session_is_cut_within_its_output(at: Cluster, ending: Literal["reset", "close"]) -> None:
    at.faults.add(Fault(f"WS {PREFIX}/.*/exec", kind="ws_cut", after_bytes=1001, ending=ending))
    with at.dial(BOX, asked("yes")) as client:
        assert heard(client) == (b"y\n" * 501)[:1001]
        assert client.close_code == 1006
    assert at.ended().ending == Ending(1006, "server")


def test_a_character_is_split_between_messages(at: Cluster) -> None:
    at.faults.add(Fault(f"WS {PREFIX}/.*/exec", kind="ws_split"))
    with at.dial(BOX, asked("cat", "utf8.txt")) as client:
        first = said(client)
        with pytest.raises(UnicodeDecodeError):
            first.decode()
        assert (first + heard(client)).decode() == "Grüße aus 東京 🚀\n"


def test_a_client_may_break_off_within_a_frame(at: Cluster) -> None:
    with at.raw(f"{BOX}?{asked('cat', stdin='true')}") as sock:
        at.newest()
        sock.sendall(b"\x82\x85\0\0\0\0he")

    stream = at.ended()
    assert (stream.received, stream.ending) == (0, Ending(1006, "client"))


@pytest.mark.parametrize(
    ("path", "status"), [(f"{PREFIX}/workspace/runai/box/exec", 405), ("/cluster-api/nothing", 404)]
)
def test_what_is_not_served_has_the_envelope_of_the_cluster(at: Cluster, path: str, status: int) -> None:
    with at.client() as client:
        answer = client.post(at.path(path))

    assert answer.status_code == status
    assert set(answer.json()) == {"code", "reason", "message"}


def test_a_client_may_vanish_and_nothing_is_left(at: Cluster) -> None:
    for _ in range(20):
        with terminal(at, "bash") as client:
            until(client, PROMPT)
            client.socket.shutdown(2)
        assert at.ended().ending == Ending(1006, "client")
