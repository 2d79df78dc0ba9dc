"""Words that try to be more than words: for terminals, CI runners, Markdown, HTML, XML and JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

from reconciler.capacity import Chance, Forecast, Outlook
from reconciler.cause import Cause, Diagnosis
from reconciler.drift import Drift, DriftItem
from reconciler.errors import Unavailable
from reconciler.health import Health, Level, PodHealth
from reconciler.outcome import Applied, Outcome, Result, Verdict
from reconciler.plan.change import Action, Change, Commit, FieldChange, Plan, Stranger
from reconciler.problem import Location, Problem
from reconciler.resource import ResourceKey
from tests.factories import a_resource
from tests.report.values import IMPACT, NOW, a_plan

PAYLOADS = (
    # terminals
    "\x1b[31mred", "\x1b[2J\x1b[H", "\x1b]8;;http://evil.example\x07here\x1b]8;;\x07", "\x1b]52;c;YQ==\x07",
    "\x9b2J", "\x9d0;title\x9c", "\x1bc", "\x1b(0", "\x07\x08\x08", "\x00nul", "\x7fdel",
    "over\rwritten", "\x0e",
    "\u202egnp.exe", "\u2066iso\u2069", "zero\u200bwidth", "\ufeffbom", "\u2028line",
    "\u2029para", "\U000e0041tag",
    # runners
    "::error::owned", "::error file=a,line=1::owned", "::set-output name=a::b", "::add-mask::x",
    "::stop-commands::tok", "::group::x", "::debug::x", "##[error]owned", "##[command]rm", "##[section]x",
    "##vso[task.setvariable variable=a]b",
    "##vso[task.complete result=Succeeded;]", "##teamcity[buildStatus]",
    "section_start:1560896352:my\r\x1b[0K", "section_end:1560896353:my", "\u0009::notice::tab",
    # Markdown
    "[a](javascript:alert(1))", "![](http://evil.example/x.png)", "# heading", "```", "~~~~", "````js",
    "`", "``",
    "| a | b |", "|--|--|", "\\|", "\\", "<!-- comment", "-->", "</details>", "<details open>",
    "@everyone", "#123",
    "- [ ] task", "> quote", "* * *", "&nbsp;", "http://evil.example", "**bold**", "$x$",
    "[ref]: http://e", "^[n]",
    # HTML and XML
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>",
    "<a href='javascript:x'>", "&lt;script&gt;",
    "]]>", "<![CDATA[x]]>", '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>', "&b;",
    "<?xml?>", "\ufffe",
    "\uffff", "\ud800", "</testcase>", "&#x1b;", '" onload="x',
    # JSON, YAML, CSV
    '"},"exit":{"code":0}}', "\\u001b[31m", "{{ 7*7 }}", "${{ secrets.X }}", "$(id)",
    "=HYPERLINK(1)", "!!python/x",
)  # fmt: skip
BEFORE = ("", "a", "\n", "\r\n", "  ", "x\n\t", "\u2028")
AFTER = ("", "b", "\n", "`", "|", "\\")
CORPUS = tuple("".join(parts) for parts in product(BEFORE, PAYLOADS, AFTER)) + tuple(
    f"{first}{second}" for first, second in product(PAYLOADS, PAYLOADS[::4])
)


def hostile_plan(words: Sequence[str]) -> tuple[Plan, list[Problem]]:
    """Put each word everywhere a plan shows something that is not ours."""
    changes = [_refused(n, word) if n % 2 else _create(n, word) for n, word in enumerate(words)]
    notes = tuple(_problem(word) for word in words[::2])
    plan = a_plan(
        *changes,
        strangers=tuple(Stranger(_key(n, word), word, word, word) for n, word in enumerate(words)),
        unknown={f"{n}{word}": word for n, word in enumerate(words)},
        notes=notes,
        forecast=Forecast(supposed=tuple(_outlook(n, word) for n, word in enumerate(words))),
        branch=words[0],
        targets=(words[0], "other"),
    )
    return plan, [_problem(word, is_placed=False) for word in words[1::2]]


def hostile_drift(words: Sequence[str]) -> Drift:
    items = tuple(
        DriftItem(
            _key(n, word),
            "changed" if n % 2 else "missing",
            (_field(word),) if n % 2 else (),
            Location(word, 1, 1),
            word,
            word,
            Action.UPDATE,
            word,
            NOW,
            word,
            word,
            Diagnosis(Cause.TRACEBACK, word, 1, word, 1, (word,)),
            commit := Commit(word, NOW, word),
            {_field(word).pointer: commit},
        )
        for n, word in enumerate(words)
    )
    unknown = {f"{n}{word}": word for n, word in enumerate(words)}
    said = Unavailable(words[0], "list", words[-1], said=words[0], url=words[0])
    return Drift(words[0], (words[0], "other"), len(words), items, unknown, (said,))


def hostile_end(words: Sequence[str]) -> Applied:
    failed = Result.FAILED
    return Applied(
        tuple(
            Outcome(_key(n, word), Action.CREATE, failed, word, word, _problem(word) if n % 2 else None)
            for n, word in enumerate(words)
        ),
        tuple(_verdict(n, word) for n, word in enumerate(words)),
        tuple(words),
        words[0],
    )


def _verdict(n: int, word: str) -> Verdict:
    pods = (PodHealth(word, word, word),)
    health = Health(Level.DEGRADED, word, word, word, pods=pods, source=word, notes=(word,))
    problem = _problem(word) if n % 2 else None
    found = Diagnosis(Cause.TRACEBACK, word, 1, word, 1, (word,))
    log = {word: (word,) * 30, f"{word}-1": (word,)}
    return Verdict(
        _key(n, word), health, cause=word, diagnosis=found, log=log, log_note=word, problem=problem
    )


def _create(n: int, word: str) -> Change:
    resource = replace(a_resource("x"), spec={"image": word})
    return Change(_key(n, word), Action.CREATE, word, resource=resource, source=Location(word, 1, 1))


def _refused(n: int, word: str) -> Change:
    return Change(
        _key(n, word),
        Action.REFUSED,
        word,
        (_field(word),),
        impact=replace(IMPACT, phase=word, lost_volumes=(word,)),
        is_destructive=True,
        source=Location(word, 1, 1),
        commits=(Commit(word, NOW, word),),
        hint=word,
        consent=f"replace={word}",
        kept=(word,),
    )


def _outlook(n: int, word: str) -> Outlook:
    return Outlook(_key(n, word), Chance.MAY_QUEUE, 1, word, word, word)


def _field(word: str) -> FieldChange:
    return FieldChange(f"/spec/{word}", word, [word], "git", place=Location(word, 2, 3))


def _key(n: int, word: str) -> ResourceKey:
    return ResourceKey(word, word, "Training", f"{n}{word}")


def _problem(word: str, *, is_placed: bool = True) -> Problem:
    place = Location(word, 1, 1, 3) if is_placed else None
    return Problem("RC103", word, place, word, word, excerpt=word, subject=word, pointer=word)
