"""Reads are repeated with patience, writes are sent once, and nothing half-read is ever believed."""

from __future__ import annotations

import asyncio
import gzip
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import trustme

from reconciler.errors import (
    Conflict,
    Forbidden,
    Malformed,
    NotFound,
    ProviderError,
    Rejected,
    Throttled,
    Unauthenticated,
    Unavailable,
    Unknown,
)
from reconciler.transport import Answer, Hosts, Transport
from reconciler.transport.words import Verdict
from tests.wire import FakeClock, Play, Wire, drips, raw, says, transport, wire

HTML = "<!doctype html><html><body>Sign in</body></html>"
GOOD = says(200, {"ok": True})
Step = Callable[[Transport, Wire], Awaitable[Any]]


def get(carrier: Transport) -> Awaitable[Any]:
    return carrier.get("/rows", verb="list", subject="workloads", query={"limit": "5"})


def post(carrier: Transport) -> Awaitable[Any]:
    return carrier.send("POST", "/rows", verb="create", subject="a/Training/t", body={"name": "t"})


def played(*plays: Play, act: Callable[[Transport], Awaitable[Any]] = get, **options: Any) -> Outcome:
    """Act against a server that plays these answers."""
    clock = FakeClock()

    async def run() -> Outcome:
        async with wire(*plays) as server:
            carrier = transport(server.url, clock, **options)
            try:
                return Outcome(await act(carrier), None, clock, server)
            except ProviderError as err:
                return Outcome(None, err, clock, server)
            finally:
                await carrier.aclose()

    return asyncio.run(run())


class Outcome:
    def __init__(self, value: Any, error: ProviderError | None, clock: FakeClock, server: Wire) -> None:
        self.value, self.error, self.waits, self.server = value, error, clock.waits, server

    @property
    def kind(self) -> type[ProviderError] | None:
        return type(self.error) if self.error else None


# -- reads -------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_a_read_is_repeated_until_it_succeeds(status: int) -> None:
    done = played(says(status, {"code": status, "message": "no"}), GOOD)

    assert (done.value, done.server.connections, done.waits) == ({"ok": True}, 2, [0.5])


def test_a_read_is_given_up_after_five_attempts_with_growing_waits() -> None:
    done = played(says(503, {"code": 503, "message": "away"}))

    assert (done.kind, done.server.connections) == (Unavailable, 5)
    assert done.waits == [0.5, 1.0, 2.0, 4.0]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 422, 501, 999])
def test_a_refused_read_is_not_repeated(status: int) -> None:
    done = played(says(status, {"code": status, "message": "no"}))

    assert done.error
    assert done.server.connections == 1


BREAKS = {
    "reset before the answer": raw(b"", resets=True),
    "closed before the answer": raw(b""),
    "reset in the body": raw(b'HTTP/1.1 200 X\r\ncontent-length: 50\r\n\r\n{"ok"', resets=True),
    "short of its length": raw(b'HTTP/1.1 200 X\r\ncontent-length: 50\r\n\r\n{"ok": true}'),
    "chunks that end early": raw(b'HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{"ok"'),
    "cut, no length given": raw(b'HTTP/1.1 200 X\r\ncontent-type: application/json\r\n\r\n{"ok"'),
    "not HTTP": raw(b"SSH-2.0-x\r\n\r\n"),
    "a huge header": raw(b"HTTP/1.1 200 X\r\nx: " + b"a" * 300_000),
    "gzip cut short": raw(
        b"HTTP/1.1 200 X\r\ncontent-encoding: gzip\r\ncontent-length: 20\r\n\r\n"
        + gzip.compress(b'{"ok": true, "and": "more"}')[:20]
    ),
}


@pytest.mark.parametrize("play", BREAKS.values(), ids=BREAKS)
def test_a_read_that_breaks_off_is_read_again_and_never_believed(play: Play) -> None:
    assert played(play, GOOD).value == {"ok": True}

    for_ever = played(play)

    assert (for_ever.kind, for_ever.server.connections) == (Unavailable, 5)


def test_a_body_that_drips_ends_at_the_deadline() -> None:
    done = played(drips(b"HTTP/1.1 200 X\r\ncontent-length: 9\r\n\r\n{"), deadline_s=0.05)

    assert done.kind is Unavailable
    assert "within 0.05 seconds" in str(done.error)


def test_a_packed_answer_is_read() -> None:
    packed = says(200, gzip.compress(b'{"ok": true}'), headers="content-encoding: gzip\r\n")

    assert played(packed).value == {"ok": True}


def test_a_bomb_is_refused_at_the_cap() -> None:
    bomb = gzip.compress(b" " * (40 * 1024 * 1024))

    done = played(says(200, bomb, headers="content-encoding: gzip\r\n"))

    assert (done.kind, done.server.connections) == (Malformed, 1)
    assert "larger than 32 MiB" in str(done.error)


def test_an_answer_packed_in_another_way_is_refused() -> None:
    done = played(says(200, b"?", headers="content-encoding: br\r\n"))

    assert done.kind is Malformed


JUNK = {
    "NaN": b'{"a": NaN}',
    "infinity": b"1e999",
    "a key twice": b'{"a": 1, "a": 2}',
    "something after the end": b"{} {}",
    "nothing": b"",
    "not UTF-8": b'"\xff"',
    "half a character": b'"\\ud800"',
    "too deep": b"[" * 100_000,
    "too many digits": b"1" * 5000,
}


@pytest.mark.parametrize("body", JUNK.values(), ids=JUNK)
def test_what_is_not_strict_json_is_malformed(body: bytes) -> None:
    assert played(says(200, body)).kind is Malformed


def test_a_sign_in_page_is_an_identity_proxy() -> None:
    done = played(says(200, HTML, kind="text/html"))

    assert (done.kind, done.server.connections) == (Unauthenticated, 1)
    assert "identity proxy" in str(done.error)


def test_a_web_page_with_404_does_not_mean_gone() -> None:
    assert played(says(404, HTML, kind="text/html")).kind is Malformed
    assert played(says(404, {"code": 404, "message": "no such"})).kind is NotFound


def test_an_error_in_a_200_is_the_error_it_names() -> None:
    assert played(says(200, {"code": 403, "message": "insufficient permissions"})).kind is Forbidden


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("act", [get, post])
def test_a_redirect_is_followed_nowhere(status: int, act: Callable[[Transport], Awaitable[Any]]) -> None:
    done = played(says(status, headers="location: https://sso.example/login\r\n"), act=act)

    assert done.server.connections == 1
    assert 'host "sso.example"' in str(done.error)
    assert done.kind is (Unauthenticated if act is get else Unknown)


@pytest.mark.parametrize(("act", "kind"), [(get, Malformed), (post, Unknown)])
def test_a_redirect_to_what_is_no_url_is_told(act: Callable[[Transport], Awaitable[Any]], kind: type) -> None:
    done = played(says(302, headers="location: http://[bad\r\n"), act=act)

    assert 'host "nowhere", which is never followed' in str(done.error)
    assert done.kind is kind


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("7", 7.0),
        ("3600", 60.0),
        ("Mon, 02 Mar 2026 09:00:09 GMT", 9.0),
        ("Mon, 02 Mar 2020 09:00:00 GMT", 0.0),
    ],
)
def test_a_host_that_asks_for_a_pause_gets_it(value: str, wait: float) -> None:
    headers = f"retry-after: {value}\r\ndate: Mon, 02 Mar 2026 09:00:00 GMT\r\n"

    done = played(says(429, {"code": 429, "message": "slow"}, headers=headers), GOOD)

    assert (done.value, done.waits) == ({"ok": True}, [wait + 1.0])


@pytest.mark.parametrize("value", ["soon", "-5", "1e9", "9" * 30, ""])
def test_a_pause_that_cannot_be_read_is_the_usual_wait(value: str) -> None:
    done = played(says(429, {"code": 429, "message": "slow"}, headers=f"retry-after: {value}\r\n"), GOOD)

    assert done.waits == [0.5]


def test_a_platform_that_stays_slow_is_throttled() -> None:
    assert played(says(429, {"code": 429, "message": "slow"})).kind is Throttled


def test_all_retries_together_are_rationed() -> None:
    async def many(carrier: Transport) -> int:
        for _ in range(10):
            with pytest.raises(Unavailable):
                await get(carrier)
        return 0

    done = played(says(503, {"code": 503, "message": "away"}), act=many)

    assert done.server.connections < 25


# -- writes ------------------------------------------------------------------------------------

REFUSED = {400: Rejected, 403: Forbidden, 404: NotFound, 409: Conflict, 413: Rejected, 422: Rejected}


@pytest.mark.parametrize(("status", "kind"), REFUSED.items())
def test_a_refused_write_is_a_refusal(status: int, kind: type[ProviderError]) -> None:
    done = played(says(status, {"code": status, "message": "no quota"}), act=post)

    assert (done.kind, done.server.connections) == (kind, 1)
    assert done.error
    assert done.error.said == "no quota"


@pytest.mark.parametrize("status", [408, 418, 425, 429, 499, 500, 502, 503, 504, 599])
def test_any_other_answer_leaves_a_write_unknown_and_is_not_sent_again(status: int) -> None:
    done = played(says(status, b"?", headers="retry-after: 1\r\n"), act=post)

    assert (done.kind, done.server.connections) == (Unknown, 1)


@pytest.mark.parametrize("play", BREAKS.values(), ids=BREAKS)
def test_a_write_whose_answer_is_lost_is_unknown_and_sent_once(play: Play) -> None:
    done = played(play, GOOD, act=post)

    assert (done.kind, done.server.connections) == (Unknown, 1)


def test_a_write_that_never_left_is_safe() -> None:
    clock = FakeClock()

    async def run() -> None:
        async with wire(GOOD) as server:
            pass
        carrier = transport(server.url, clock)
        with pytest.raises(Unavailable):
            await post(carrier)
        await carrier.aclose()

    asyncio.run(run())


def test_every_write_has_a_connection_of_its_own() -> None:
    async def twice(carrier: Transport) -> int:
        await post(carrier)
        await post(carrier)
        return 0

    answer = b"HTTP/1.1 200 X\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"

    assert played(raw(answer), act=twice).server.connections == 2


def test_a_write_refused_for_its_token_is_sent_again_with_a_new_one() -> None:
    done = played(says(401, {"code": 401, "message": "expired"}), GOOD, act=_signed(post))

    assert done.value == {"ok": True}
    assert [_token(head) for head in done.server.heads] == ["old", "new"]


def test_a_second_refusal_of_the_token_is_final() -> None:
    done = played(says(401, {"code": 401, "message": "who?"}), act=_signed(get))

    assert (done.kind, done.server.connections) == (Unauthenticated, 2)


# -- where a token goes ------------------------------------------------------------------------


def test_no_token_goes_to_a_host_that_is_not_allowed() -> None:
    hosts = Hosts.of("https://acme.run.ai", environ={})

    done = played(GOOD, act=_signed(get), hosts=hosts)

    assert (done.kind, done.server.connections) == (Forbidden, 0)
    assert 'no token may be sent to host "127.0.0.1"' in str(done.error)


HOSTS = {
    "the target": ("https://acme.run.ai/api", {}, True),
    "another port of it": ("https://acme.run.ai:8443/", {}, False),
    "a pattern": ("https://dgx.acme.com/", {}, True),
    "the pattern's parent": ("https://acme.com/", {}, False),
    "somewhere else": ("https://evil.example/", {}, False),
    "a look-alike": ("https://acme.run.ai.evil.example/", {}, False),
    "with a password": ("https://a:b@acme.run.ai/", {}, False),
    "plain": ("http://dgx.acme.com/", {}, False),
    "narrowed away": ("https://acme.run.ai/", {"RECONCILER_ALLOWED_HOSTS": "*.acme.com"}, False),
    "narrowed to it": ("https://acme.run.ai/", {"RECONCILER_ALLOWED_HOSTS": "x, acme.run.ai"}, True),
    "narrowed to nothing": ("https://acme.run.ai/", {"RECONCILER_ALLOWED_HOSTS": ""}, False),
    "the list does not widen": ("https://x.example/", {"RECONCILER_ALLOWED_HOSTS": "x.example"}, False),
}


@pytest.mark.parametrize(("url", "environ", "allowed"), HOSTS.values(), ids=HOSTS)
def test_hosts_are_allowed_by_the_fleet_and_narrowed_by_the_environment(
    url: str, environ: dict[str, str], allowed: bool
) -> None:
    hosts = Hosts.of("https://acme.run.ai", patterns=("*.acme.com",), environ=environ)

    assert (hosts.refusal(url) == "") is allowed


def test_the_proxy_of_the_environment_is_not_used_for_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")

    assert played(GOOD).value == {"ok": True}


def test_a_proxy_that_refuses_to_connect_leaves_a_write_unsent(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> list[str]:
        async with wire(says(403, "no")) as proxy:
            monkeypatch.setenv("HTTPS_PROXY", proxy.url)
            carrier = transport("https://acme.example", FakeClock())
            carrier.tokens = _TwoTokens()
            with pytest.raises(Unavailable, match="proxy"):
                await post(carrier)
            await carrier.aclose()
            return proxy.heads

    (head,) = asyncio.run(run())

    assert head.startswith("CONNECT acme.example:443")
    assert "Bearer" not in head


def test_a_host_without_proxy_is_asked_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "acme.invalid")

    async def run() -> None:
        carrier = transport("https://acme.invalid", FakeClock())
        with pytest.raises(Unavailable, match="does not resolve"):
            await get(carrier)
        await carrier.aclose()

    asyncio.run(run())


def test_reads_go_over_connections_that_are_kept() -> None:
    answer = b"HTTP/1.1 200 X\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"

    async def twice(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()

    async def both(carrier: Transport) -> int:
        await get(carrier)
        await get(carrier)
        return 0

    assert played(twice, act=both).server.connections == 1


def test_a_read_that_outlives_the_transport_closes_its_connection() -> None:
    asked, may_answer, closed = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await may_answer.wait()
        writer.write(b"HTTP/1.1 200 X\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}")
        await reader.read()
        closed.set()

    async def outlive(carrier: Transport) -> Any:
        reading = asyncio.ensure_future(get(carrier))
        await asked.wait()
        await carrier.aclose()
        may_answer.set()
        async with asyncio.timeout(5):
            answer = await reading
            await closed.wait()
        return answer

    assert played(late, act=outlive).value == {}


def test_netrc_is_not_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password stolen\n")
    monkeypatch.setenv("NETRC", str(netrc))

    assert "uthorization" not in played(GOOD).server.heads[0]


# -- what errors say ---------------------------------------------------------------------------


def test_an_error_names_target_deed_object_and_the_platforms_words() -> None:
    body = {"code": 400, "message": "Bad request", "details": "project has no quota"}

    error = played(says(400, body), act=post).error

    assert str(error) == "prod: cannot create a/Training/t (400): Bad request; project has no quota"


def test_an_error_shows_no_query_no_secret_and_no_control_characters() -> None:
    async def act(carrier: Transport) -> Any:
        carrier.scrubber.learn("hunter2hunter2")
        return await get(carrier)

    error = played(says(400, {"message": "bad hunter2hunter2\x1b[2J\nnow"}), act=act).error

    assert error
    assert error.said == "bad (sensitive) [2J now"
    assert error.url.endswith("/rows")


def test_a_name_that_does_not_resolve_is_said_so() -> None:
    clock = FakeClock()

    async def run() -> str:
        carrier = transport("https://no-such-host.invalid", clock)
        with pytest.raises(Unavailable) as caught:
            await get(carrier)
        await carrier.aclose()
        return str(caught.value)

    assert 'host "no-such-host.invalid": name does not resolve' in asyncio.run(run())
    assert len(clock.waits) <= 1


# -- certificates ------------------------------------------------------------------------------


def test_a_trusted_certificate_is_accepted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert _over_tls(monkeypatch, tmp_path, "127.0.0.1", trusted=True) == "{'ok': True}"


@pytest.mark.parametrize(("host", "trusted"), [("127.0.0.1", False), ("elsewhere.example", True)])
def test_a_certificate_that_does_not_fit_is_refused_at_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, host: str, trusted: bool
) -> None:
    said = _over_tls(monkeypatch, tmp_path, host, trusted=trusted)

    assert "is not trusted" in said
    assert "SSL_CERT_FILE" in said


def _over_tls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, host: str, *, trusted: bool) -> str:
    ca, other = trustme.CA(), trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(host).configure_cert(context)
    file = tmp_path / "ca.pem"
    (ca if trusted else other).cert_pem.write_to_path(str(file))
    monkeypatch.setenv("SSL_CERT_FILE", str(file))

    async def run() -> str:
        async with wire(GOOD, ssl=context) as server:
            carrier = transport(server.url, FakeClock())
            try:
                return str(await get(carrier))
            except Unavailable as err:
                assert server.heads == []
                return f"{err} {err.hint}"
            finally:
                await carrier.aclose()

    return asyncio.run(run())


# -- bytes -------------------------------------------------------------------------------------


LOG = b"one\r\ntwo \xff\n\n\x00last"
PACKED = "content-encoding: gzip\r\n"
WHOLE = {
    "as it is": says(200, LOG, kind="application/octet-stream"),
    "packed": says(200, gzip.compress(LOG), headers=PACKED),
    "packed in two parts": says(200, gzip.compress(LOG[:5]) + gzip.compress(LOG[5:]), headers=PACKED),
    "packed, with a filling behind": says(200, gzip.compress(LOG) + b"\0" * 9, headers=PACKED),
}


async def pieces(carrier: Transport) -> bytes:
    return b"".join([piece async for piece in carrier.pieces("/log", verb="read", subject="t")])


@pytest.mark.parametrize("play", WHOLE.values(), ids=WHOLE)
def test_bytes_are_streamed_as_they_are(play: Play) -> None:
    assert played(play, act=pieces).value == LOG


TORN = {
    "short of its length": raw(b"HTTP/1.1 200 X\r\ncontent-length: 99\r\n\r\none\n"),
    "packed, and cut short": says(200, gzip.compress(LOG)[:-9], headers=PACKED),
    "never begun": drips(b""),
    "never ended": drips(b"HTTP/1.1 200 X\r\ncontent-length: 99\r\n\r\none\n"),
}


@pytest.mark.parametrize("play", TORN.values(), ids=TORN)
def test_a_stream_of_bytes_that_breaks_off_raises(play: Play) -> None:
    assert played(play, act=pieces, deadline_s=0.2).kind is Unavailable


def test_a_stream_of_bytes_that_is_refused_raises() -> None:
    assert played(says(404, {"code": 404, "message": "no pods"}), act=pieces).kind is NotFound


class _TwoTokens:
    async def token(self) -> str:
        return "old"

    async def renew(self, stale: str) -> str:
        return "new"


def _signed(act: Callable[[Transport], Awaitable[Any]]) -> Callable[[Transport], Awaitable[Any]]:
    async def signed(carrier: Transport) -> Any:
        carrier.tokens = _TwoTokens()
        return await act(carrier)

    return signed


def _token(head: str) -> str:
    line = next(line for line in head.splitlines() if line.lower().startswith("authorization:"))
    return line.rpartition(" ")[2]


def test_a_platform_that_signs_in_another_way_says_how() -> None:
    def signed(carrier: Transport) -> Awaitable[Any]:
        carrier.tokens, carrier.sign = _TwoTokens(), lambda token: {"cookie": f"Token={token}"}
        return get(carrier)

    outcome = played(GOOD, act=signed)

    assert "cookie: Token=old" in outcome.server.heads[0]
    assert "authorization" not in outcome.server.heads[0].lower()


def test_what_the_platforms_own_code_says_of_a_refusal_outweighs_its_status() -> None:
    def quota(answer: Answer) -> Verdict | None:
        return Verdict(Rejected, "ask for less") if b"Q8" in answer.body else None

    def judged(carrier: Transport) -> Awaitable[Any]:
        carrier.speech.judge = quota
        return post(carrier)

    refused = played(says(503, {"errorCode": "Q8", "errorMessage": "no room"}), act=judged).error
    lost = played(says(503, {"errorCode": "Q9", "errorMessage": "down"}), act=judged).error

    assert isinstance(refused, Rejected)
    assert (refused.said, refused.hint, refused.status) == ("no room", "ask for less", 503)
    assert isinstance(lost, Unknown)


@pytest.mark.parametrize("steps", range(12))
def test_a_read_that_was_given_up_leaves_no_connection_behind_that_never_answers(steps: int) -> None:
    async def keeps_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}")
            await writer.drain()
            await reader.readuntil(b"\r\n\r\n")

    async def run() -> Any:
        async with wire(keeps_on) as server:
            carrier = transport(server.url, FakeClock())
            await get(carrier)  # a connection that is used again
            waiting = asyncio.ensure_future(get(carrier))
            for _ in range(steps):
                await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
            async with asyncio.timeout(3):
                found = await get(carrier)
            await carrier.aclose()
            return found

    assert asyncio.run(run()) == {}
