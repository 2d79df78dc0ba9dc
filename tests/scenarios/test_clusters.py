"""The life of a cluster: created, waiting, renamed, never replaced, deleted by git and consent alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reconciler.emulator.faults import Fault
from reconciler.emulator.runai import clusterlife
from reconciler.errors import ExitCode, ManifestError
from reconciler.health import Level
from reconciler.outcome import Result
from reconciler.plan import Action, Change
from tests.scenarios.oracle import a_sleeper, codes, effects, mark
from tests.scenarios.stage import Stage, staged
from tests.scenarios.test_lost_answers import AFTER


def a_cluster(name: str = "edge", **blocks: str) -> str:
    meta = blocks.pop("meta", "")
    spec = blocks.pop("spec", "{domain: edge.example.com}")
    head = f"apiVersion: runai/v1\nkind: Cluster\nmetadata: {{name: {name}{meta}}}\nspec: {spec}\n"
    return head + "".join(f"{block}: {text}\n" for block, text in blocks.items())


ABSENT = "{state: Absent}"


def clusters(stage: Stage) -> dict[str, Any]:
    """Give the clusters that the emulator knows and has not been asked to delete, by name."""
    known = stage.emulator.world.clusters.values()
    return {one.name: one for one in known if one.deleted_at is None and one.delete_requested_at is None}


def change_of(stage: Stage, name: str = "edge", **request: Any) -> Change:
    changes = {change.key.name: change for change in stage.plan(**request).plan.changes}
    return changes[name]


def home(stage: Stage) -> str:
    """Name the cluster that the emulated projects live on."""
    project = next(iter(stage.emulator.world.projects.values()))
    return str(stage.emulator.world.clusters[project.cluster].name)


def test_a_new_cluster_waits_to_connect_and_that_is_no_failure(stage: Stage) -> None:
    stage.write(edge=a_cluster())

    applied = stage.apply()

    assert applied.exit_code() is ExitCode.IN_ORDER
    assert applied.is_replan_empty
    assert effects(stage) == {("create", "edge"): 1}
    (verdict,) = applied.verdicts
    assert (verdict.health.level, verdict.health.phase) == (Level.PROGRESSING, "WaitingToConnect")
    assert "cluster install-info edge --version VERSION" in verdict.health.message


def test_a_connected_cluster_is_healthy_when_its_own_api_answers(stage: Stage) -> None:
    stage.write(edge=a_cluster(spec="{}"))
    stage.apply()
    clusterlife.connect(stage.emulator.world, "edge")

    (verdict,) = stage.health()

    assert (verdict.health.level, verdict.health.phase) == (Level.HEALTHY, "Connected")
    assert verdict.health.source == "cluster-api and control plane"


def test_a_connected_cluster_whose_api_may_not_be_asked_is_healthy_with_a_note(stage: Stage) -> None:
    stage.write(edge=a_cluster())
    stage.apply()
    clusterlife.connect(stage.emulator.world, "edge")

    (verdict,) = stage.health()

    assert verdict.health.level is Level.HEALTHY
    assert "clusterApi: {edge: https://edge.example.com}" in verdict.health.notes[0]


def test_a_connected_cluster_whose_api_is_silent_is_degraded(stage: Stage) -> None:
    stage.write(home=a_cluster(home(stage), spec="{}"))
    stage.emulator.faults.add(Fault("GET /cluster-api/status", status=503, forever=True))

    (verdict,) = stage.health()

    assert verdict.health.level is Level.DEGRADED
    assert "cluster-api does not answer" in verdict.health.message


@pytest.mark.parametrize("trouble", ["Disconnected", "MissingPrerequisites", "ServiceIssues"])
def test_a_troubled_cluster_is_degraded_in_the_platforms_words(stage: Stage, trouble: str) -> None:
    stage.write(home=a_cluster(home(stage), spec="{}"))
    clusterlife.trouble(stage.emulator.world, home(stage), trouble)

    (verdict,) = stage.health()

    assert (verdict.health.level, verdict.health.phase) == (Level.DEGRADED, trouble)
    assert verdict.health.message == clusterlife.TROUBLES[trouble]
    (item,) = stage.drift().items
    assert item.state == "degraded"


def test_whoever_sees_clusters_in_short_plans_them_all_the_same(stage: Stage) -> None:
    stage.write(home=a_cluster(home(stage), spec="{}"), edge=a_cluster())
    stage.emulator.tokens.add("demo", "demo-secret", "demo", reads_clusters=False)

    planned = stage.plan()

    assert planned.failures == ()
    actions = {change.key.name: change.action for change in planned.plan.changes}
    assert actions == {home(stage): Action.KEEP, "edge": Action.CREATE}
    assert [verdict.health.level for verdict in stage.health()] == [Level.HEALTHY, Level.MISSING]


def test_without_a_short_form_a_refused_list_is_told_and_nothing_is_created(tmp_path: Path) -> None:
    with staged(tmp_path / "repo", api_level="2.24") as old:
        old.write(edge=a_cluster())
        old.emulator.tokens.add("demo", "demo-secret", "demo", reads_clusters=False)

        planned = old.plan()

        assert planned.exit_code() is ExitCode.DENIED
        assert old.plan().plan.writes == ()


def test_the_second_apply_of_a_cluster_sends_nothing(stage: Stage) -> None:
    stage.write(edge=a_cluster())
    stage.apply()
    before = mark(stage)

    stage.apply()

    assert stage.mutations(before) == []


def test_a_cluster_that_is_there_is_claimed_by_being_declared(stage: Stage) -> None:
    stage.write(edge=a_cluster(home(stage), spec="{}"))

    assert change_of(stage, home(stage)).action is Action.KEEP


def test_a_rename_is_one_request_and_keeps_the_id(stage: Stage) -> None:
    stage.write(edge=a_cluster())
    stage.apply()
    uuid, before = clusters(stage)["edge"].uuid, mark(stage)
    stage.write(edge=a_cluster("edge-2", meta=", renamedFrom: edge"))

    applied = stage.apply()

    assert applied.is_replan_empty
    assert [(entry.method, entry.status) for entry in stage.mutations(before)] == [("PUT", 204)]
    assert clusters(stage)["edge-2"].uuid == uuid


def test_a_rename_is_not_guessed_while_both_names_are_there(stage: Stage) -> None:
    stage.write(edge=a_cluster(), other=a_cluster("edge-2"))
    stage.apply()
    stage.remove("edge").write(other=a_cluster("edge-2", meta=", renamedFrom: edge"))

    change = change_of(stage, "edge-2")

    assert change.action is Action.REFUSED
    assert "both there" in change.reason


@pytest.mark.parametrize("renamed", [False, True])
def test_a_project_is_found_by_either_name_of_its_cluster(stage: Stage, renamed: bool) -> None:
    old = home(stage)
    train = a_sleeper().replace("project: team-a", "project: team-a, cluster: new-home")
    stage.write(home=a_cluster("new-home", meta=f", renamedFrom: {old}", spec="{}"), train=train)
    if renamed:
        stage.apply()

    assert change_of(stage, "train").key.scope == "team-a"


@pytest.mark.parametrize("field", ["domain", "version"])
def test_what_cannot_change_is_refused_and_nothing_consents(stage: Stage, field: str) -> None:
    stage.write(edge=a_cluster(spec="{domain: edge.example.com, version: '2.24'}"))
    stage.apply()
    was = {"domain": "edge.example.com", "version": "2.24"}
    now = {**was, field: "changed"}
    stage.write(edge=a_cluster(spec=f"{{domain: {now['domain']}, version: '{now['version']}'}}"))

    change = change_of(stage, allow=("replace=Cluster/edge",))

    assert change.action is Action.REFUSED
    assert [each.pointer for each in change.fields] == [f"/spec/{field}"]
    assert not change.consent


def test_a_changed_field_may_be_left_alone_in_git(stage: Stage) -> None:
    stage.write(edge=a_cluster())
    stage.apply()
    stage.write(edge=a_cluster(spec="{domain: other.example.com}", lifecycle="{ignore: [/spec/domain]}"))

    assert stage.plan().plan.is_empty


def test_a_cluster_without_a_manifest_is_left_alone_and_not_listed(stage: Stage) -> None:
    stage.write(edge=a_cluster(), other=a_cluster("other"))
    stage.apply()
    stage.remove("edge")

    plan = stage.plan().plan

    assert plan.is_empty
    assert [change.key.name for change in plan.changes] == ["other"]
    assert plan.strangers == ()


def test_absent_in_git_alone_deletes_nothing(stage: Stage) -> None:
    stage.write(edge=a_cluster())
    stage.apply()
    stage.write(edge=a_cluster(lifecycle=ABSENT))
    before = mark(stage)

    applied = stage.apply()

    assert applied.exit_code() is ExitCode.REFUSED
    assert stage.mutations(before) == []
    assert change_of(stage).consent == "delete=Cluster/edge"


def test_consent_alone_deletes_nothing(stage: Stage) -> None:
    stage.write(edge=a_cluster())
    stage.apply()
    before = mark(stage)

    stage.apply(allow=("delete=Cluster/edge",))

    assert stage.mutations(before) == []


@pytest.mark.parametrize(
    ("lifecycle", "query"), [(ABSENT, ""), ("{state: Absent, force: true}", "force=true")]
)
def test_absent_with_consent_is_one_delete(stage: Stage, lifecycle: str, query: str) -> None:
    stage.write(edge=a_cluster())
    stage.apply()
    uuid, before = clusters(stage)["edge"].uuid, mark(stage)
    stage.write(edge=a_cluster(lifecycle=lifecycle))

    applied = stage.apply(allow=("delete=Cluster/edge",))

    (entry,) = stage.mutations(before)
    assert (entry.method, entry.path) == ("DELETE", f"/api/v1/clusters/{uuid}")
    assert entry.query == query
    assert applied.exit_code() is ExitCode.IN_ORDER
    assert applied.is_replan_empty
    assert "edge" not in clusters(stage)
    assert [outcome.is_leaving for outcome in applied.outcomes] == [query == ""]
    assert stage.steps[-1].text == ("deleted" if query else "delete accepted, it is going away")
    stage.clock.advance(60)
    assert change_of(stage).reason == "absent, as declared"


def test_what_is_absent_stays_so_without_a_word(stage: Stage) -> None:
    stage.write(edge=a_cluster(lifecycle=ABSENT))

    assert change_of(stage).action is Action.KEEP
    assert stage.apply().outcomes == ()
    assert stage.drift().items == ()


def test_a_protected_cluster_is_kept_whatever_consents(stage: Stage) -> None:
    stage.write(edge=a_cluster())
    stage.apply()
    stage.write(edge=a_cluster(lifecycle="{state: Absent, protect: true}"))

    assert change_of(stage, allow=("delete=Cluster/edge",)).action is Action.REFUSED


def test_the_plan_counts_what_ends_with_a_cluster_in_all_projects(stage: Stage) -> None:
    stage.write(one=a_sleeper("one"), two=a_sleeper("two", project="team-b"))
    stage.apply()
    stage.remove("one", "two").write(home=a_cluster(home(stage), spec="{}", lifecycle=ABSENT))

    change = change_of(stage, home(stage), prune=False)

    assert change.impact is not None
    assert change.impact.carried == 2
    assert change.impact.ends == 3


def test_a_cluster_is_not_deleted_under_what_git_declares_on_it(stage: Stage) -> None:
    stage.write(one=a_sleeper("one"))
    stage.apply()
    stage.write(home=a_cluster(home(stage), spec="{}", lifecycle=ABSENT))
    before = mark(stage)

    applied = stage.apply(allow=(f"delete=Cluster/{home(stage)}",))

    assert stage.mutations(before) == []
    assert "still declare 1 on it: team-a/Training/one" in applied.outcomes[0].why


def test_a_cluster_is_not_deleted_when_more_runs_on_it_than_the_plan_saw(stage: Stage) -> None:
    stage.write(home=a_cluster(home(stage), spec="{}", lifecycle=ABSENT))

    async def act(session: Any) -> Any:
        from reconciler.reconcile import Stop

        planned = await session.plan()
        world = stage.emulator.world
        project = next(iter(world.projects.values()))
        world.submit("Training", project, "late", {"image": "busybox:1"}, "mina")
        return await session.apply(planned, listen=lambda _step: None, stop=Stop())

    before = mark(stage)
    applied = stage.run(act, allow=(f"delete=Cluster/{home(stage)}",))

    (outcome,) = applied.outcomes
    assert outcome.result is Result.FAILED
    assert "1 more run on it" in outcome.why
    assert stage.mutations(before) == []


def test_a_list_of_workloads_that_fails_keeps_the_cluster(stage: Stage) -> None:
    stage.write(home=a_cluster(home(stage), spec="{}", lifecycle=ABSENT))
    stage.emulator.faults.add(Fault(r"GET /api/v1/workloads\?filterBy=clusterId.*", status=403, forever=True))

    change = change_of(stage, home(stage), allow=(f"delete=Cluster/{home(stage)}",))

    assert change.action is Action.UNKNOWN


@pytest.mark.parametrize("loss", AFTER.values(), ids=AFTER)
def test_a_lost_answer_makes_no_second_cluster(stage: Stage, loss: dict[str, Any]) -> None:
    stage.write(edge=a_cluster())
    stage.emulator.faults.add(Fault("POST /api/v1/clusters", **loss))

    applied = stage.apply()

    assert applied.exit_code() in (ExitCode.IN_ORDER, ExitCode.UNKNOWN)
    stage.apply()
    assert [one.name for one in clusters(stage).values()].count("edge") == 1


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ("{onRemove: Keep}", "never pruned"),
        ("{onImmutableChange: Replace}", "never replaced"),
        ("{run: Always}", "does not finish"),
        ("{adopt: abc}", "claimed by being declared"),
        ("{state: Stopped}", "cannot be stopped"),
        ("{force: true}", "needs state: Absent"),
    ],
)
def test_a_policy_that_a_cluster_cannot_honour_is_refused(stage: Stage, block: str, said: str) -> None:
    stage.write(edge=a_cluster(lifecycle=block))

    with pytest.raises(ManifestError) as raised:
        stage.plan()

    assert codes(raised.value) == ["RC110"]
    (problem,) = raised.value.problems
    assert said in f"{problem.what} {problem.why}"


def test_absent_is_for_clusters_alone(stage: Stage) -> None:
    stage.write(train=a_sleeper() + "lifecycle: {state: Absent}\n")

    with pytest.raises(ManifestError) as raised:
        stage.plan()

    assert codes(raised.value) == ["RC110"]
