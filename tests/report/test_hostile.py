"""No word from a manifest, a platform or a log is ever taken for more than a word."""

from __future__ import annotations

import base64
import html
import json
import re
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from reconciler.cause import Cause, Diagnosis
from reconciler.drift import DriftItem
from reconciler.errors import ReconcilerError
from reconciler.health import Health, Level
from reconciler.outcome import Applied, Outcome, Result, Verdict
from reconciler.plan.change import Action, Change
from reconciler.problem import Location, Problem
from tests.report.forms import (
    Forms,
    applied_forms,
    checked_forms,
    drift_forms,
    failed_forms,
    health_forms,
    plan_forms,
    said,
)
from tests.report.hostile import CORPUS, hostile_drift, hostile_end, hostile_plan
from tests.report.values import CANARY, CHAT, LORA, SECRET, TOLD, a_plan

STEP = 200
ROUNDS = [CORPUS[start : start + STEP] for start in range(0, len(CORPUS), STEP)]
WHOLE = 10**9
URI = "[A-Za-z0-9._~/%-]+"
UNSEEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
COMMAND = re.compile(r"^\s*::|##\[|##vso\[|##teamcity\[|section_(?:start|end):", re.MULTILINE)
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
HARMLESS = re.compile(
    "inline|fence|text|text_special|softbreak|code_inline|html_inline|"
    "(?:heading|paragraph|strong|bullet_list|list_item|table|thead|tbody|tr|th|td)_(?:open|close)"
)


def results(words: tuple[str, ...]) -> Iterator[Forms]:
    plan, refusals = hostile_plan(words)
    applied = hostile_end(words)
    yield plan_forms(plan, refusals, budget=WHOLE)
    yield drift_forms(hostile_drift(words), budget=WHOLE)
    yield applied_forms(applied, plan, budget=WHOLE)
    yield health_forms(applied.verdicts)
    yield checked_forms(plan.notes)


def test_the_corpus_is_large_and_each_word_is_another() -> None:
    assert len(set(CORPUS)) >= 5_000


@pytest.mark.parametrize("words", ROUNDS, ids=range(len(ROUNDS)))
def test_no_form_lets_a_word_be_more(words: tuple[str, ...]) -> None:
    for forms in results(words):
        for form, make in forms.items():
            CHECKS[form](make())


def harmless_to_people(text: str) -> None:
    shown = said(text, form="table", environ={"CI": "1"})

    assert not UNSEEN.search(shown)
    assert not COMMAND.search(shown)


def harmless_page(page: str) -> None:
    harmless_to_people(page)
    for token in _tokens(MarkdownIt("commonmark").enable("table").parse(page)):
        assert HARMLESS.fullmatch(token.type), token
        assert token.type != "html_inline" or token.content == "<br>", token
        if token.type == "text":
            assert not re.search(r"[<>@]|https?:|javascript", token.content), token
        if token.type == "heading_open":
            assert token.tag == "h3"
    for row in re.findall(r"(?m)^\|.*$", _without_fences(page)):
        assert len(re.findall(r"(?<!\\)\|", row)) in (5, 6), row


def _tokens(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _tokens(token.children or [])


def _without_fences(page: str) -> str:
    return re.sub(r"(?ms)^(`{3,})[^`\n]*\n.*?^\1$", "", page)


def harmless_annotations(text: str) -> None:
    lines = text.splitlines()

    assert len(lines) <= 10
    assert not UNSEEN.search(text)
    for line in lines:
        found = re.fullmatch(r"::(error|warning|notice) ([^:]*)::(.*)", line)
        assert found, line
        names = [pair.partition("=")[0] for pair in found[2].split(",")]
        assert names == [name for name in names if name in PROPERTIES], line


PROPERTIES = ("file", "line", "endLine", "col", "endColumn", "title")


def harmless_json(text: str) -> None:
    json.loads(text)
    assert text.isascii()
    assert not UNSEEN.search(text)
    assert not COMMAND.search(text)


def harmless_lines(text: str) -> None:
    lines = text.split("\n")

    assert lines.pop() == ""
    types = [json.loads(line)["type"] for line in lines]
    assert types.index("exit") == len(types) - 1
    harmless_json(json.dumps(types))
    assert text.isascii()
    assert not COMMAND.search(text)


def harmless_xml(text: str) -> None:
    root = ElementTree.fromstring(text)

    assert {element.tag for element in root.iter()} <= {
        "testsuites", "testsuite", "testcase", "failure", "error", "skipped", "system-out",
    }  # fmt: skip
    assert not NOT_XML.search(text)
    assert not COMMAND.search(text)
    assert "<!" not in text
    shown = "".join(f"{element.text}{list(element.attrib.values())}" for element in root.iter())
    assert not UNSEEN.search(shown)


def harmless_sarif(text: str) -> None:
    harmless_json(text)
    (run,) = json.loads(text)["runs"]
    places = [result["locations"][0]["physicalLocation"] for result in run["results"]]
    assert all(re.fullmatch(URI, place["artifactLocation"]["uri"]) for place in places)


def harmless_quality(text: str) -> None:
    harmless_json(text)
    assert all(each["description"] and each["location"]["path"] for each in json.loads(text))


CHECKS: dict[str, Callable[[str], None]] = {
    "table": harmless_to_people,
    "wide": harmless_to_people,
    "markdown": harmless_page,
    "annotations": harmless_annotations,
    "json": harmless_json,
    "jsonl": harmless_lines,
    "junit": harmless_xml,
    "sarif": harmless_sarif,
    "codequality": harmless_quality,
}


def spellings(secret: str) -> set[str]:
    raw = secret.encode()
    return {
        secret,
        secret[::-1],
        base64.b64encode(raw).decode().rstrip("="),
        base64.urlsafe_b64encode(raw).decode().rstrip("="),
        raw.hex(),
        urllib.parse.quote(secret, safe=""),
        html.escape(secret),
        json.dumps(secret)[1:-1],
        secret.encode("unicode_escape").decode(),
    }


def test_a_secret_field_is_in_no_form_and_in_no_spelling() -> None:
    change = Change(LORA, Action.UPDATE, fields=(SECRET,))
    item = DriftItem(LORA, "changed", (SECRET,))

    for forms in (plan_forms(a_plan(change)), drift_forms(replace(TOLD, items=(item,)))):
        for form, make in forms.items():
            text = make()
            assert not [spelling for spelling in spellings(CANARY) if spelling in text], form


SLIPPED = 'p&ss<w"ord>\\/é0123456789'


def leaking() -> dict[str, Forms]:
    """Every result, with a secret in the words of a platform, of a log and of a problem."""
    words = f"the platform said {SLIPPED}"
    place = Location("a.yaml", 2)
    leak = Problem("RC421", words, place, why=f"Authorization: {SLIPPED}", hint=SLIPPED, subject=SLIPPED)
    health = Health(Level.DEGRADED, phase="Failed", reason=SLIPPED, message=words)
    found = Diagnosis(Cause.TRACEBACK, words, 1, "pod-0", 1, (words,))
    log = {"pod-0": (words,) * 30, "pod-1": (words,)}
    verdict = Verdict(LORA, health, cause=words, diagnosis=found, log=log, log_note=words)
    unwell = Verdict(CHAT, health, cause=words, diagnosis=found, problem=leak)
    outcome = Outcome(CHAT, Action.CREATE, Result.SKIPPED, why=words)
    failed = Outcome(LORA, Action.CREATE, Result.FAILED, problem=leak)
    applied = Applied((outcome, failed), (verdict, unwell), not_taken=(words,), replan_problem=words)
    refused = Change(LORA, Action.REFUSED, reason=words, hint=words, consent=SLIPPED)
    item = DriftItem(CHAT, "degraded", reason=words, cause=words, hint=words, by=SLIPPED, source=place)
    item = replace(item, diagnosis=found)
    return {
        "plan": plan_forms(a_plan(refused, unknown={SLIPPED: words}, notes=(leak,)), [leak]),
        "drift": drift_forms(replace(TOLD, items=(item,), unknown={SLIPPED: words})),
        "apply": applied_forms(applied),
        "health": health_forms([verdict, unwell]),
        "validate": checked_forms([leak]),
        "error": failed_forms(ReconcilerError(problems=[leak])),
    }


@pytest.mark.parametrize(
    ("name", "form"), [(name, form) for name, forms in leaking().items() for form in forms]
)
def test_a_secret_that_slipped_into_words_is_taken_out_of_every_form(name: str, form: str) -> None:
    shown = said(leaking()[name][form](), form=form, environ={}, secrets=[SLIPPED])

    assert "(sensitive)" in shown
    assert not [spelling for spelling in spellings(SLIPPED) if spelling in shown]
