"""How long it takes to write ten thousand changes, in each form."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from statistics import median

from bench.measure import Ratio, Result, seconds
from reconciler.errors import ExitCode
from reconciler.plan.change import Action, Change, FieldChange, Plan
from reconciler.problem import Location
from reconciler.report.cases import plan_cases
from reconciler.report.findings import plan_findings
from reconciler.report.forms import machine_forms
from reconciler.report.jsonform import plan_document
from reconciler.report.markdown import plan_markdown
from reconciler.report.plan import plan_text
from reconciler.resource import ResourceKey

COUNT, RUNS = 10_000, 3


def measure(_folder: Path) -> Iterator[Result]:
    """Measure each form of a plan against json.dumps of the same document."""
    plan = _plan()
    document = plan_document(plan, exit_code=ExitCode.IN_ORDER)
    for form, make in _forms(plan).items():
        ours, floor = [], []
        for _ in range(RUNS):
            ours.append(seconds(make))
            floor.append(seconds(lambda: json.dumps(document)))
        yield Ratio(f"write {COUNT:,}, {form}", "json.dumps of the same plan", median(ours), median(floor))


def _forms(plan: Plan) -> Mapping[str, Callable[[], str]]:
    return {
        "table": lambda: plan_text(plan),
        "markdown": lambda: plan_markdown(plan),
        **machine_forms(
            lambda: plan_document(plan, exit_code=ExitCode.IN_ORDER),
            lambda: plan_cases(plan),
            lambda: plan_findings(plan),
        ),
    }


def _plan() -> Plan:
    field = FieldChange("/spec/image", "registry/train:1.8", "registry/train:1.9", "git")
    actions = (Action.CREATE, Action.UPDATE, Action.REFUSED, Action.REPLACE)
    return Plan(
        fleet_id="7f3a9c04d2b81e66",
        fleet="bench",
        targets=("runai",),
        changes=tuple(
            Change(
                ResourceKey("runai", f"team-{n % 50}", "Training", f"train-{n:05}"),
                actions[n % len(actions)],
                fields=(field,),
                gpus=8,
                source=Location(f"manifests/team-{n % 50}/train-{n:05}.yaml", 3),
            )
            for n in range(COUNT)
        ),
    )
