"""Each field of each kind's create call changed alone: what is planned, what is sent, and what is left.

What must happen is read from the official client: a field of its update model changes in place, any
other needs a new object, which is refused until somebody consents.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from reconciler.diff import FieldChange, Recorded, compare
from reconciler.emulator.runai import Switches
from reconciler.emulator.runai.phases import Pace
from reconciler.errors import ExitCode
from reconciler.outcome import Applied, Result
from reconciler.plan import Action
from reconciler.providers.runai.kinds import KINDS
from tests.providers.runai.test_matrix import CREATED_BY, UNNAMED_BY_CLIENT, UPDATED_BY, asked
from tests.scenarios.field_values import Json, pair_of, part_of, specs_of
from tests.scenarios.stage import Stage, staged
from tests.scenarios.whole_specs import WHOLE

AT_ONCE = Pace(creating_s=0, pull_s=0, stopping_s=0, resuming_s=0, deleting_s=0)
ROOM = ("create=1000", "destroy=1000", "gpu-hours=1000")
COMPLETED = Switches(merge_defaults=True, reorder_lists=True)
SENT_WITH_CONSENT = {Action.KEEP: [], Action.UPDATE: ["PATCH"], Action.REFUSED: ["DELETE", "POST"]}
EXIT_CODES = {
    (True, True): ExitCode.PARTIAL,
    (False, True): ExitCode.REFUSED,
    (True, False): ExitCode.IN_ORDER,
}
"""By whether something was updated, and whether something was refused."""
PUT_KINDS = frozenset({"ExternalWorkload"})
EVERY_KIND = pytest.mark.parametrize("kind", sorted(WHOLE))


@dataclass(frozen=True)
class Case:
    """One field, the two specs that differ in it alone, and the name of the workload that has them."""

    kind: str
    path: str
    name: str
    before: Mapping[str, Json]
    after: Mapping[str, Json]
    expected: Action


def paths_of(kind: str) -> list[str]:
    """List every field of a create call: those of the platform's spec, and those beside it."""
    return sorted(asked(CREATED_BY[kind]))


def cases_of(kind: str) -> Iterator[Case]:
    in_place = asked(UPDATED_BY.get(kind)) | set(UNNAMED_BY_CLIENT.get(kind, ()))
    for number, path in enumerate(paths_of(kind)):
        pair = pair_of(kind, path)
        assert pair is not None, f"{kind}: no change is written down for {path}"
        expected = Action.UPDATE if path in in_place else Action.REFUSED
        before, after = specs_of(kind, path, pair)
        yield Case(kind, path, f"f{number:03}", before, after, Action.KEEP if pair.is_same else expected)


def sent_with_consent(case: Case) -> list[str]:
    """List what a change of one field sends, once somebody consents."""
    if case.kind in PUT_KINDS and case.expected is Action.UPDATE:
        return ["PUT"]
    return SENT_WITH_CONSENT[case.expected]


def text_of(cases: list[Case], *, after: bool) -> str:
    """Write all cases into one file. JSON is YAML."""
    documents = [
        {
            "apiVersion": "runai/v1",
            "kind": case.kind,
            "metadata": {"name": case.name, "project": "team-a"},
            "spec": case.after if after else case.before,
            "health": {"hold": "0s", "queueTimeout": "0s", "logTail": 0},
        }
        for case in cases
    ]
    return "\n---\n".join(json.dumps(document) for document in documents)


def failures(applied: Applied) -> dict[str, str]:
    """Name what did not get done, and what did not take."""
    failed = {o.key.name: str(o.problem) for o in applied.outcomes if o.result is not Result.DONE}
    return failed | dict.fromkeys(applied.not_taken, "not taken")


def sent_by_name(stage: Stage, since: int) -> dict[str, list[str]]:
    """Collect what was sent, by the name of the workload that it changed."""
    sent: dict[str, list[str]] = {}
    for entry in stage.mutations(since):
        name = entry.effect.name if entry.effect else f"nothing changed: {entry.method} {entry.path}"
        sent.setdefault(name, []).append(entry.method)
    return sent


def strayed(case: Case, fields: Iterable[FieldChange]) -> list[str]:
    """Name what a change says of fields other than the one that moved."""
    part, inner = part_of(case.path)
    top = f"/spec/{part}/{inner.split('/')[1]}" if part else "/spec/" + case.path.split("/")[1]
    return [field.pointer for field in fields if not f"{field.pointer}/".startswith(f"{top}/")]


@EVERY_KIND
def test_every_field_has_a_change(kind: str) -> None:
    assert [path for path in paths_of(kind) if pair_of(kind, path) is None] == []


@pytest.mark.parametrize(
    ("kind", "switches"),
    [
        ("Inference", Switches()),
        ("Inference", COMPLETED),
        ("Training", COMPLETED),
        ("Workspace", COMPLETED),
        ("DistributedTraining", COMPLETED),
        ("DistributedInference", COMPLETED),
        ("NimService", COMPLETED),
        ("ExternalWorkload", Switches()),
        ("ExternalWorkload", COMPLETED),
    ],
    ids=lambda value: value if isinstance(value, str) else "completed" if value == COMPLETED else "as sent",
)
def test_each_field_changed_alone_is_planned_sent_and_then_in_order(
    kind: str, switches: Switches, tmp_path: Path
) -> None:
    cases = [case for case in cases_of(kind) if not part_of(case.path)[0]]
    expected = {case.path: case.expected for case in cases}
    with staged(tmp_path / "repo", switches=switches) as stage:
        stage.emulator.world.pace = AT_ONCE
        made = stage.write(all=text_of(cases, after=False)).apply(allow=ROOM)
        assert failures(made) == {}

        planned = stage.write(all=text_of(cases, after=True)).plan(allow=ROOM)

        changes = {change.key.name: change for change in planned.plan.changes}
        assert {case.path: changes[case.name].action for case in cases} == expected
        assert {
            case.path: fields for case in cases if (fields := strayed(case, changes[case.name].fields))
        } == {}

        consents = tuple(change.consent for change in planned.plan.having(Action.REFUSED))
        since = stage.emulator.ledger.mark()
        applied = stage.apply(allow=(*ROOM, *consents))

        assert failures(applied) == {}
        assert sent_by_name(stage, since) == {
            case.name: requests for case in cases if (requests := sent_with_consent(case))
        }
        assert stage.plan(allow=ROOM).plan.is_empty


@pytest.mark.parametrize("kind", ["DistributedInference", "DistributedTraining"])
def test_each_field_of_a_pod_of_its_own_is_a_change_that_needs_a_new_object(kind: str) -> None:
    """Judge these by comparing alone: they are those of other kinds, which the platform was sent above."""
    found = next(one for one in KINDS if one.name == kind)
    cases = [case for case in cases_of(kind) if part_of(case.path)[0]]

    told = {}
    for case in cases:
        before, after = found.canonical(case.before), found.canonical(case.after)
        changes = compare(after, before, Recorded(before), kind=found).changes
        told[case.path] = (bool(changes), any(c.in_place for c in changes), strayed(case, changes))

    assert len(cases) > 200
    assert told == {case.path: (case.expected is not Action.KEEP, False, []) for case in cases}


@EVERY_KIND
def test_without_consent_what_cannot_change_in_place_is_left_alone(kind: str, tmp_path: Path) -> None:
    cases = [case for case in cases_of(kind) if case.path.count("/") == 1]
    with staged(tmp_path / "repo") as stage:
        stage.emulator.world.pace = AT_ONCE
        stage.write(all=text_of(cases, after=False)).apply(allow=ROOM)
        since = stage.emulator.ledger.mark()

        applied = stage.write(all=text_of(cases, after=True)).apply(allow=ROOM)

        updated = {case.name: sent_with_consent(case) for case in cases if case.expected is Action.UPDATE}
        left = {case.name for case in cases if case.expected is Action.REFUSED}
        assert sent_by_name(stage, since) == updated
        assert {c.key.name for c in stage.plan(allow=ROOM).plan.having(Action.REFUSED)} == left
        assert applied.exit_code() is EXIT_CODES[bool(updated), bool(left)]
