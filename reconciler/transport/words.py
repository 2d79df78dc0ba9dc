"""What an answer says: the platform's own words, and the error they stand for."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import urljoin, urlsplit, urlunsplit

from reconciler.errors import (
    Conflict,
    ExitCode,
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
from reconciler.resource import Json
from reconciler.transport.strict import read_json

PROXY = "an identity proxy answered, not the platform"
DEFINITIVE = frozenset({400, 403, 404, 405, 409, 410, 412, 413, 414, 415, 422, 431})
"""Statuses that promise that a write did nothing."""

_BY_STATUS: dict[int, type[ProviderError]] = {
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    407: Unauthenticated,
    409: Conflict,
    429: Throttled,
}
_WORDS = ("message", "error_description", "errorMessage", "details")
_CODES = ("error", "reason")
_LOGIN = re.compile(r"log-?in|sign-?in|auth|sso|saml|oidc", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Call:
    """Say what is asked of whom: for sending, and for telling what went wrong.

    `verb` and `subject` are for people: "list", "workloads of team-a". A `is_write` call is sent once.
    """

    method: str
    url: str
    verb: str
    subject: str
    body: bytes | None = None
    content_type: str = "application/json"
    is_write: bool = False
    is_signed: bool = True
    attempts: int = 5

    @property
    def host(self) -> str:
        """Give the host with its port."""
        return urlsplit(self.url).netloc

    @property
    def bare_url(self) -> str:
        """Give the URL without its query."""
        return urlunsplit((*urlsplit(self.url)[:3], "", ""))


@dataclass(frozen=True, slots=True)
class Answer:
    """Hold one whole HTTP answer. `is_whole` False: nothing in it proves that the body is complete."""

    status: int
    body: bytes
    content_type: str = ""
    location: str = ""
    retry_after: str | None = None
    date: str | None = None
    is_whole: bool = True

    @property
    def is_html(self) -> bool:
        """Tell whether a web page stands where data is due."""
        start = self.body[:64].lstrip().lower()
        return "html" in self.content_type.lower() or start.startswith((b"<!doctype", b"<html"))


@dataclass(frozen=True, slots=True)
class Verdict:
    """Say what a refusal is by a platform's own code, where the status misleads."""

    kind: type[ProviderError]
    hint: str = ""


Judge = Callable[[Answer], Verdict | None]


def by_status(_: Answer) -> Verdict | None:
    """Leave it to the status what an answer is."""
    return None


class Speech:
    """Turn answers into values or errors, in the name of one target. `scrub` takes secrets out.

    `judge` knows what the platform's own codes say of an answer outside 2xx.
    """

    def __init__(self, target: str, scrub: Callable[[str], str]) -> None:
        self.target, self._scrub = target, scrub
        self.judge: Judge = by_status

    def error(
        self,
        kind: type[ProviderError],
        call: Call,
        said: str,
        *,
        status: int = 0,
        hint: str = "",
    ) -> ProviderError:
        """Make an error about a call; secrets and control characters are taken out of the words.

        A read that was refused leaves something unobserved; only a write can be half of a run.
        """
        words = self._scrub(clean(said))
        error = kind(
            self.target, call.verb, call.subject, said=words, status=status, url=call.bare_url, hint=hint
        )
        if not call.is_write and error.exit_code is ExitCode.PARTIAL:
            error.exit_code = ExitCode.UNOBSERVED
        return error

    def refuse(self, call: Call, answer: Answer) -> NoReturn:
        """Raise what an answer outside 2xx stands for."""
        said, status = self._said(call, answer), answer.status
        if verdict := self.judge(answer):
            raise self.error(verdict.kind, call, said, status=status, hint=verdict.hint)
        kind = self._kind(call, answer)
        if call.is_write and status not in DEFINITIVE and status not in {401, 407}:
            raise self.error(Unknown, call, said, status=status)
        raise self.error(kind, call, said, status=status)

    def value(self, call: Call, answer: Answer) -> Json:
        """Read the JSON of a 2xx answer; an error envelope inside it counts as the error it names."""
        if answer.is_html:
            raise self.error(
                Unknown if call.is_write else Unauthenticated,
                call,
                f"{PROXY}: a web page came where JSON is due",
                status=answer.status,
                hint="check the target's url, and that no sign-in page stands before the API",
            )
        try:
            value = read_json(answer.body)
        except ValueError as err:
            said = "the answer is empty" if not answer.body.strip() else f"the answer is not JSON: {err}"
            raise self.error(Unknown if call.is_write else Malformed, call, said) from None
        if (code := _error_code(value)) is not None:
            self.refuse(call, Answer(code, answer.body, answer.content_type))
        return value

    def _kind(self, call: Call, answer: Answer) -> type[ProviderError]:
        status = answer.status
        if 300 <= status < 400:
            return Unauthenticated if self._is_login(call, answer) else Malformed
        if status == 404 and _json_or_none(answer) is None:
            return Malformed
        if status in _BY_STATUS:
            return _BY_STATUS[status]
        if status in {408, 425, 426} or status >= 500:
            return Unavailable
        return Rejected if 400 <= status < 500 else Malformed

    def _is_login(self, call: Call, answer: Answer) -> bool:
        host, path = _led_to(call, answer)
        return host not in ("", call.host) or bool(_LOGIN.search(path))

    def _said(self, call: Call, answer: Answer) -> str:
        if 300 <= answer.status < 400:
            host = _led_to(call, answer)[0] or "nowhere"
            why = f"{PROXY}: " if self._is_login(call, answer) else ""
            return f'{why}it redirects to host "{host}", which is never followed'
        if answer.is_html:
            return "a web page came where JSON is due; is the url that of the API?"
        return words_of(answer)


def _led_to(call: Call, answer: Answer) -> tuple[str, str]:
    """Give host and path that a redirect leads to; empty where it names no URL."""
    try:
        target = urlsplit(urljoin(call.url, answer.location))
    except ValueError:
        return "", ""
    return target.netloc, target.path


def words_of(answer: Answer) -> str:
    """Find the platform's own words in an answer, whatever its envelope."""
    value = _json_or_none(answer)
    if not isinstance(value, dict):
        return answer.body[:1024].decode("utf-8", "replace") if value is None else ""
    said = _texts(value, _WORDS) or _texts(value, _CODES)
    issues = value.get("complianceIssues")
    if isinstance(issues, list):
        said[1:1] = [f"{i.get('field')}: {i.get('details')}" for i in issues if isinstance(i, dict)]
    kept: list[str] = []
    for words in said:
        if not any(words.casefold() in known.casefold() for known in kept):
            kept.append(words)
    return "; ".join(kept)


def _texts(value: dict[str, Json], keys: tuple[str, ...]) -> list[str]:
    return [value[key] for key in keys if isinstance(value.get(key), str) and value[key]]


def clean(text: str) -> str:
    """Put words on one line, without characters that could steer a terminal."""
    return " ".join("".join(ch if ch.isprintable() else " " for ch in text).split())


def _json_or_none(answer: Answer) -> Json:
    """Read a JSON object or array; None for anything else."""
    try:
        value = read_json(answer.body)
    except ValueError:
        return None
    return value if isinstance(value, dict | list) else None


def _error_code(value: Json) -> int | None:
    code = value.get("code") if isinstance(value, dict) and isinstance(value.get("message"), str) else None
    is_error = isinstance(code, int) and not isinstance(code, bool) and 400 <= code <= 599
    return code if is_error else None
