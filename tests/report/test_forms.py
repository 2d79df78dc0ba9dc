"""Every form of a result keeps the rules of its format, and all of them say the same."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from jsonschema import Draft202012Validator

from reconciler.drift import Drift, DriftItem
from reconciler.errors import ExitCode
from reconciler.outcome import Applied, Outcome, Result, Verdict
from reconciler.plan.change import Action, Change
from reconciler.problem import Location, Problem, Severity
from reconciler.report.codescan import codequality_text, sarif_text
from reconciler.report.forms import MACHINE
from tests.report import shapes
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
from tests.report.values import (
    APPLIED,
    BROKEN,
    FIRST,
    LORA,
    MIXED,
    QUANTITY,
    REFUSED,
    REPLICAS,
    TOLD,
    TROUBLED,
    TYPO,
    UNREACHABLE,
    a_plan,
    key,
)

Golden = Callable[[str, str], None]
GUARD = Problem("RC302", "the plan ends 6 of 8", hint="check the path, or consent with --allow destroy=6")
WARNED = replace(TYPO, severity=Severity.WARNING)
RESULTS: Mapping[str, Forms] = {
    "plan-mixed": plan_forms(MIXED, [GUARD], [UNREACHABLE]),
    "plan-refused": plan_forms(REFUSED),
    "plan-empty": plan_forms(a_plan()),
    "drift-told": drift_forms(TOLD),
    "apply-troubled": applied_forms(TROUBLED, FIRST),
    "apply-good": applied_forms(APPLIED, FIRST),
    "health": health_forms([*APPLIED.verdicts, *TROUBLED.verdicts]),
    "validate-broken": checked_forms([TYPO, QUANTITY, WARNED]),
    "validate-good": checked_forms([]),
    "error": failed_forms(UNREACHABLE),
}
ENDINGS = {"json": "json", "jsonl": "jsonl", "junit": "xml", "sarif": "sarif", "codequality": "gitlab.json"}
GOLDENS = [
    (name, form)
    for name in ("plan-mixed", "drift-told", "apply-troubled", "health", "validate-broken", "error")
    for form in MACHINE
    if form != "json"
]


@pytest.mark.parametrize(("name", "form"), GOLDENS)
def test_each_form_reads_as_its_golden_file(name: str, form: str, golden: Golden) -> None:
    golden(f"report/{name}.{ENDINGS[form]}", RESULTS[name][form]())


@pytest.mark.parametrize("name", RESULTS)
def test_sarif_keeps_its_shape(name: str) -> None:
    document = json.loads(RESULTS[name]["sarif"]())

    Draft202012Validator(shapes.SARIF).validate(document)
    (run,) = document["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert all(rules[result["ruleIndex"]] == result["ruleId"] for result in run["results"])


@pytest.mark.parametrize("name", RESULTS)
def test_code_quality_keeps_its_shape(name: str) -> None:
    document = json.loads(RESULTS[name]["codequality"]())

    Draft202012Validator(shapes.CODE_QUALITY).validate(document)
    fingerprints = [each["fingerprint"] for each in document]
    assert len(set(fingerprints)) == len(fingerprints)


@pytest.mark.parametrize("name", RESULTS)
def test_junit_counts_what_it_holds(name: str) -> None:
    root = ElementTree.fromstring(RESULTS[name]["junit"]())

    assert root.tag == "testsuites"
    for counted in (root, *root.findall("testsuite")):
        cases = counted.findall(".//testcase")
        states = Counter(child.tag for case in cases for child in case)
        assert counted.get("tests") == str(len(cases)) != "0"
        assert counted.get("failures") == str(states["failure"])
        assert counted.get("errors") == str(states["error"])
        assert counted.get("skipped") == str(states["skipped"])
        assert all(case.get("name") and case.get("classname") and case.get("time") for case in cases)


@pytest.mark.parametrize("name", RESULTS)
def test_the_lines_hold_all_that_the_document_has(name: str) -> None:
    document = json.loads(RESULTS[name]["json"]())
    first, *items, last = map(json.loads, RESULTS[name]["jsonl"]().splitlines())

    assert first["type"] == document["document"]
    assert last == {"type": "exit", **document["exit"]}
    told = [{key: value for key, value in item.items() if key != "type"} for item in items]
    for value in document.values():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            assert all(item in told for item in value)
    assert [item["scope"] for item in items if item["type"] == "unknown"] == list(document.get("unknown", {}))


def test_what_is_refused_is_a_finding_and_what_is_pending_is_none() -> None:
    (run,) = json.loads(plan_forms(REFUSED)["sarif"]())["runs"]
    (pending,) = json.loads(plan_forms(FIRST)["sarif"]())["runs"]

    (result,) = run["results"]
    assert (result["ruleId"], result["level"]) == ("RC343", "warning")
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "forecast/lora.yaml"
    assert place["region"]["startLine"] == 9
    assert pending["results"] == []
    assert pending["invocations"][0]["toolExecutionNotifications"] == []


def test_what_has_no_place_is_told_as_a_notification() -> None:
    (run,) = json.loads(sarif_text([GUARD], command="plan", exit_code=ExitCode.REFUSED))["runs"]

    assert run["results"] == []
    (told,) = run["invocations"][0]["toolExecutionNotifications"]
    assert told["descriptor"]["id"] == "RC302"
    assert run["invocations"][0]["executionSuccessful"]
    (failed,) = json.loads(failed_forms(UNREACHABLE)["sarif"]())["runs"]
    assert not failed["invocations"][0]["executionSuccessful"]


def test_a_finding_is_known_again_when_its_line_moves() -> None:
    moved = replace(TYPO, location=Location("manifests/forecast/lora.yaml", 99, 5, 9))
    other = replace(TYPO, what='unknown field "gpu" in compute')

    def prints(*problems: Problem) -> list[str]:
        return [each["fingerprint"] for each in json.loads(codequality_text(problems))]

    assert prints(TYPO) == prints(moved) != prints(other)
    assert len(set(prints(TYPO, moved))) == 2


def test_findings_beyond_the_limit_are_counted_and_the_worst_come_first() -> None:
    many = [
        Problem("RC103", f"w{n}", Location("a.yaml", n + 1), severity=Severity.NOTE) for n in range(5_500)
    ]
    worst = Problem("RC104", "worst", Location("z.yaml", 1))

    (run,) = json.loads(sarif_text([*many, worst], command="validate", exit_code=ExitCode.REJECTED))["runs"]

    assert len(run["results"]) == 5_000
    assert run["results"][0]["message"]["text"] == "worst"
    (told,) = run["invocations"][0]["toolExecutionNotifications"]
    assert told["message"]["text"] == "501 more results left out"


def test_an_object_is_a_case_that_passes_fails_or_is_unknown() -> None:
    root = ElementTree.fromstring(RESULTS["plan-mixed"]["junit"]())
    found = {case.get("name"): [child.tag for child in case] for case in root.iter("testcase")}

    assert found["team-forecast/Training/done"] == []
    assert found["team-forecast/Training/eval"] == ["skipped"]
    assert found[str(LORA)] == ["failure"]
    good = ElementTree.fromstring(RESULTS["apply-good"]["junit"]())
    assert (good.get("failures"), good.get("errors"), good.get("skipped")) == ("0", "0", "0")


def test_the_log_of_what_broke_stands_beside_its_case() -> None:
    root = ElementTree.fromstring(RESULTS["apply-troubled"]["junit"]())
    (output,) = root.iter("system-out")

    assert output.text is not None
    assert "assist-chat-0 | torch.cuda.OutOfMemoryError: CUDA out of memory" in output.text


def test_a_run_that_ended_early_is_no_green_report() -> None:
    forms = failed_forms(UNREACHABLE)

    root = ElementTree.fromstring(forms["junit"]())
    assert root.get("errors") == "1"
    assert "### Stopped: unobserved" in forms["markdown"]()
    assert json.loads(forms["jsonl"]().splitlines()[-1]) == {"type": "exit", "code": 6, "name": "unobserved"}


def _many(number: int) -> dict[str, Forms]:
    keys = [key(f"team-a/Training/t{n:05}") for n in range(number)]
    problems = [
        Problem("RC103", f"unknown field {n}", Location("a.yaml", n + 1, 3, 7)) for n in range(number)
    ]
    plan = a_plan(*(Change(each, Action.REFUSED, "why", (REPLICAS,), gpus=1) for each in keys))
    drift = Drift("demo", ("t",), number, tuple(DriftItem(each, "changed", (REPLICAS,)) for each in keys))
    failed = Problem("RC421", "refused")
    applied = Applied(
        tuple(Outcome(each, Action.CREATE, Result.FAILED, problem=failed) for each in keys),
        tuple(Verdict(each, BROKEN, cause="out of memory") for each in keys),
    )
    return {
        "plan": plan_forms(plan),
        "drift": drift_forms(drift),
        "apply": applied_forms(applied),
        "validate": checked_forms(problems),
    }


def test_ten_thousand_changes_stay_within_every_limit() -> None:
    for name, forms in _many(10_000).items():
        if "markdown" in forms:
            page = forms["markdown"]()
            assert len(page.encode()) <= 60_000, name
            assert re.search(r"[\d,]+ more ", page), name
        assert forms["annotations"]().count("\n") == 10, name
        (run,) = json.loads(forms["sarif"]())["runs"]
        assert len(run["results"]) <= 5_000, name
        root = ElementTree.fromstring(forms["junit"]())
        assert int(root.get("tests", 0)) >= 10_000, name
        assert forms["jsonl"]().count("\n") >= 10_000, name


@pytest.mark.parametrize("environ", [{}, {"CI": "1"}, {"FORCE_COLOR": "1"}], ids=["plain", "ci", "colour"])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
@pytest.mark.parametrize("width", [80, 120, 200])
def test_text_reads_the_same_at_each_width_with_and_without_colour(
    width: int, encoding: str, environ: Mapping[str, str]
) -> None:
    texts = [
        plan_forms(MIXED, width=width)["wide"](),
        drift_forms(TOLD, width=width)["wide"](),
        health_forms([*APPLIED.verdicts, *TROUBLED.verdicts], width=width)["table"](),
    ]
    for text in texts:
        shown = said(text, form="table", environ=environ, encoding=encoding)
        bare = re.sub(r"\x1b\[[\d;]*m", "", shown)
        assert (bare != shown) == ("FORCE_COLOR" in environ)
        assert bare == said(text, form="table", environ={}, encoding=encoding)
        if encoding == "utf-8":
            assert bare == text
        words = re.findall(r"[A-Za-z0-9./-]{3,}", text)
        assert all(word in bare for word in words)
