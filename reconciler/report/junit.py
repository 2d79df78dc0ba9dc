"""Write cases as JUnit XML, for dashboards that know only tests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from reconciler.report.safe import block, cut, for_xml

_LONGEST = 8_000


@dataclass(frozen=True, slots=True)
class Case:
    """Tell how one object came out, as a test.

    `state` is passed, failure, error or skipped; `kind` says in one word why; `output` is shown beside it.
    """

    suite: str
    name: str
    state: str = "passed"
    kind: str = ""
    message: str = ""
    text: str = ""
    output: str = ""
    seconds: float = 0.0


def junit_text(name: str, cases: Iterable[Case]) -> str:
    """Write the cases by suite, in the order in which they come."""
    suites: dict[str, list[Case]] = {}
    for case in cases:
        suites.setdefault(case.suite, []).append(case)
    if not suites:  # a report without a case counts as broken in places
        suites[name] = [Case(name, "nothing to do")]
    root = _counted("testsuites", f"reconciler {name}", [case for suite in suites.values() for case in suite])
    for suite, inside in suites.items():
        element = _counted("testsuite", suite, inside)
        element.extend(_case(case) for case in inside)
        root.append(element)
    indent(root)
    text = tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{for_xml(text)}\n'


def _counted(tag: str, name: str, cases: list[Case]) -> Element:
    states = Counter(case.state for case in cases)
    return Element(
        tag,
        name=block(name),
        tests=str(len(cases)),
        failures=str(states["failure"]),
        errors=str(states["error"]),
        skipped=str(states["skipped"]),
        time=f"{sum(case.seconds for case in cases):.3f}",
    )


def _case(case: Case) -> Element:
    element = Element(
        "testcase", classname=block(case.suite), name=block(case.name), time=f"{case.seconds:.3f}"
    )
    if case.state != "passed":
        told = SubElement(element, case.state, message=block(cut(case.message, _LONGEST)))
        if case.kind:
            told.set("type", block(case.kind))
        if case.text:
            told.text = block(cut(case.text, _LONGEST))
    if case.output:
        SubElement(element, "system-out").text = block(cut(case.output, _LONGEST))
    return element
