"""Write what went wrong with a platform as a problem, in words a person can act on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from reconciler.errors import (
    Conflict,
    Forbidden,
    Lacking,
    Malformed,
    NoEntry,
    NotFound,
    ProviderError,
    Rejected,
    Severed,
    Throttled,
    Unauthenticated,
    Unavailable,
    Unknown,
)
from reconciler.hosts import is_loopback
from reconciler.problem import Problem
from reconciler.report.units import count

NOT_MISSING = "Nothing was changed, and nothing is reported as missing."
_NAME_WORDS = ("resolve", "getaddrinfo", "name or service", "nodename", "dns")


def failure_problem(error: ProviderError) -> Problem:
    """Turn a provider's error into a problem: code, what, where, the platform's words, the way out."""
    words = next(words for kind, words in _WORDS.items() if isinstance(error, kind))
    problem = words(error)
    if not error.others:
        return problem
    way_round = f"{' '.join(f'--target {name}' for name in error.others)} leaves {error.target} out"
    return replace(problem, hint="\n".join(part for part in (problem.hint, way_round) if part))


def failure_problems(errors: Sequence[ProviderError]) -> tuple[Problem, ...]:
    """Turn errors into problems, each cause once, with the number of reads it stopped."""
    seen: dict[tuple[str, str, str, int], list[ProviderError]] = {}
    for error in errors:
        seen.setdefault((type(error).__name__, error.target, error.said, error.status), []).append(error)
    return tuple(_with_count(failure_problem(group[0]), group) for group in seen.values())


def _with_count(problem: Problem, group: Sequence[ProviderError]) -> Problem:
    if len(group) == 1:
        return problem
    why = "\n".join(part for part in (problem.why, f"{count(len(group), 'request')} ended so") if part)
    return Problem(problem.code, problem.what, why=why, hint=problem.hint, subject=problem.subject)


def _problem(code: str, what: str, error: ProviderError, *, why: str = "", hint: str = "") -> Problem:
    place = error.url or (error.subject if error.subject not in what else "")
    status = str(error.status) if error.status else ""
    said = f'it says: "{error.said}"' if error.said and error.said not in what else ""
    told = ", ".join(part for part in (status, said) if part)
    subject = f"{place}   {told}" if place and told else place or told
    return Problem(code, what, why=why, hint=error.hint or hint, subject=subject)


def _unauthenticated(error: ProviderError) -> Problem:
    return _problem(
        "RC401",
        f"{error.target} did not accept the credentials",
        error,
        hint="see `auth` of this target in reconciler.yaml for where they come from",
    )


def _forbidden(error: ProviderError) -> Problem:
    return _problem(
        "RC420",
        f"{error.target}: these credentials may not {error.verb} {error.subject}".rstrip(),
        error,
        hint="give the credentials a role that may, or narrow `scope` of this target in reconciler.yaml",
    )


def _not_found(error: ProviderError) -> Problem:
    return _problem(
        "RC403",
        f"{error.subject} not found in {error.target}",
        error,
        hint="platforms hide what the credentials have no role in, so it may also be a missing role",
    )


def _conflict(error: ProviderError) -> Problem:
    if error.hint:
        what = f"{error.target} refused to {error.verb} {error.subject}: its state forbids it"
        return _problem("RC421", what, error)
    return _problem(
        "RC430",
        f"{error.target}: cannot {error.verb} {error.subject}: its name is taken or its state forbids it",
        error,
        hint="plan again; claim an object made by hand with lifecycle.adopt, or choose another name",
    )


def _rejected(error: ProviderError) -> Problem:
    return _problem("RC421", f"{error.target} refused to {error.verb} {error.subject}", error)


def _throttled(error: ProviderError) -> Problem:
    return _problem(
        "RC423",
        f"{error.target} asks to slow down for longer than this run waits",
        error,
        hint="run again later",
    )


def _unavailable(error: ProviderError) -> Problem:
    said = error.said.casefold()
    if error.status:
        what = f"{error.target} failed while asked to {error.verb} {error.subject}".rstrip()
        return _problem("RC422", what, error, hint="run again; if it stays, tell the platform's operators")
    if "certificate" in said:
        return Problem(
            "RC411",
            f"the certificate of {_host(error)} is not trusted: {error.said.rpartition(': ')[2]}",
            hint=error.hint or _AUTHORITY,
            subject=error.url,
        )
    usual = _HERE if is_loopback(_host(error).rpartition(":")[0] or _host(error)) else _VPN
    hint = usual if _has_no_name(error) else error.hint or usual
    return Problem("RC410", f"cannot reach {_host(error)}: {_no_way(error)}", hint=hint, subject=error.url)


def _has_no_name(error: ProviderError) -> bool:
    return any(word in error.said.casefold() for word in _NAME_WORDS)


def _no_way(error: ProviderError) -> str:
    """Tell why there was no answer, without the host, which was just named."""
    if _has_no_name(error):
        return "its name does not resolve"
    host = f'host "{_host(error)}"'
    if error.said == f"cannot connect to {host}":
        return "it takes no connections"
    return error.said.replace(f" to {host}", "").replace(host, "it") or "no answer"


_HERE = "Does anything listen there? Else check the url of this target in the fleet file"
_VPN = "Are you on the VPN? Else check the url of this target in reconciler.yaml"
_AUTHORITY = "set SSL_CERT_FILE to the file of your certificate authority"


def _malformed(error: ProviderError) -> Problem:
    return _problem(
        "RC412",
        f"{error.target}: the answer to {error.verb} {error.subject} cannot be trusted".rstrip(),
        error,
        hint="a proxy or a login page may stand between; what could not be read is unknown, not missing",
    )


def _unknown(error: ProviderError) -> Problem:
    return _problem(
        "RC431",
        f"{error.target}: nobody can say whether {error.verb} {error.subject} took effect",
        error,
        hint="run plan again: it looks the object up before anything is sent",
    )


def _no_entry(error: ProviderError) -> Problem:
    return _problem("RC440", f"{error.target}: cannot {error.verb} {error.subject} now", error)


def _lacking(error: ProviderError) -> Problem:
    return Problem("RC443", error.said, hint=error.hint, subject=f"{error.target}: {error.subject}")


def _severed(error: ProviderError) -> Problem:
    said = error.said or "it does not say why"
    return Problem(
        "RC441", f"the session in {error.subject} broke off: {said}", hint=error.hint, subject=error.url
    )


def _plain(error: ProviderError) -> Problem:
    return _problem("RC422", f"{error.target}: cannot {error.verb} {error.subject}".rstrip(), error)


def _host(error: ProviderError) -> str:
    return error.url.partition("://")[2].partition("/")[0] or error.target


_WORDS: Mapping[type[ProviderError], Callable[[ProviderError], Problem]] = {
    Unauthenticated: _unauthenticated,
    Forbidden: _forbidden,
    Lacking: _lacking,
    NotFound: _not_found,
    Conflict: _conflict,
    Rejected: _rejected,
    Throttled: _throttled,
    Unavailable: _unavailable,
    Malformed: _malformed,
    Unknown: _unknown,
    NoEntry: _no_entry,
    Severed: _severed,
    ProviderError: _plain,
}
