"""What happens to a workload from its submission to its end."""

import pytest

from reconciler.emulator.runai.fates import fate
from tests.emulator.plane import ROOT, Plane, env, gpus


def phases(plane: Plane, id_: str, *waits: float) -> list[str]:
    return [plane.wait(seconds).phase(id_) for seconds in waits]


def test_a_training_goes_its_way_to_completed() -> None:
    plane = Plane()
    id_ = plane.made("trainings", environmentVariables=env(EMULATOR_SECONDS="60"))

    assert phases(plane, id_, 0, 2, 5, 60) == ["Creating", "Initializing", "Running", "Completed"]


def test_looking_seldom_or_often_makes_no_difference() -> None:
    often, seldom = Plane(), Plane()
    ids = [plane.made("trainings", args="oom") for plane in (often, seldom)]
    for _ in range(300):
        often.wait(1).row(ids[0])
    seldom.wait(300)

    histories = [p.get(f"{ROOT}/{i}/history", limit=500) for p, i in zip((often, seldom), ids, strict=True)]

    assert histories[0] == histories[1]


def test_a_training_sleeps_as_long_as_its_command_says() -> None:
    plane = Plane()
    id_ = plane.made("trainings", command="sleep 30")

    assert phases(plane, id_, 20, 20) == ["Running", "Completed"]


@pytest.mark.parametrize("kind", ["workspaces", "inferences"])
def test_what_serves_or_is_interactive_runs_on(kind: str) -> None:
    plane = Plane()
    id_ = plane.made(kind)

    assert phases(plane, id_, 100_000) == ["Running"]


def test_a_missing_image_ends_a_training() -> None:
    plane = Plane()
    id_ = plane.made("trainings", image="ghcr.io/x/does-not-exist:1")

    assert phases(plane, id_, 20, 400) == ["Initializing", "Failed"]
    assert {"Failed", "BackOff", "Pulling"} <= set(plane.reasons(id_))


def test_a_missing_image_degrades_an_inference() -> None:
    plane = Plane()
    id_ = plane.made("inferences", image="no-such:1")

    assert phases(plane, id_, 100, 600) == ["Initializing", "Degraded"]


def test_an_inference_fails_at_its_own_start_deadline() -> None:
    plane = Plane()
    id_ = plane.made(
        "inferences", image="no-such:1", servingConfiguration={"initializationTimeoutSeconds": 60}
    )

    assert phases(plane, id_, 100) == ["Failed"]


def test_a_job_out_of_memory_restarts_and_then_fails() -> None:
    plane = Plane()
    id_ = plane.made("trainings", args="--oom", backoffLimit=1)

    assert phases(plane, id_, 12, 3, 100) == ["Running", "Initializing", "Failed"]
    assert "137" in plane.row(id_)["phaseMessage"]
    assert plane.reasons(id_)[0] == "BackoffLimitExceeded"


def test_a_word_that_only_contains_oom_is_harmless() -> None:
    plane = Plane()
    id_ = plane.made("inferences", args="--model bigscience/bloom --zoom")

    assert phases(plane, id_, 60) == ["Running"]


def test_a_crash_of_a_server_degrades_it() -> None:
    plane = Plane()
    id_ = plane.made("inferences", command="serve --crash")

    assert phases(plane, id_, 30) == ["Degraded"]
    assert plane.row(id_)["phaseMessage"].startswith("CrashLoopBackOff")


def test_suspend_stops_and_resume_runs_again() -> None:
    plane = Plane()
    id_ = plane.made("workspaces")
    plane.wait(10).http.post(f"{ROOT}/workspaces/{id_}/suspend")

    assert phases(plane, id_, 0, 4) == ["Stopping", "Stopped"]
    plane.http.post(f"{ROOT}/workspaces/{id_}/resume")
    assert phases(plane, id_, 0, 10) == ["Resuming", "Running"]


def test_an_inference_cannot_be_suspended() -> None:
    plane = Plane()
    id_ = plane.made("inferences")

    assert plane.status("POST", f"{ROOT}/inferences/{id_}/suspend") == 404


def test_suspending_twice_is_one_effect() -> None:
    plane = Plane()
    id_ = plane.made("workspaces")
    statuses = [plane.status("POST", f"{ROOT}/workspaces/{id_}/suspend") for _ in range(2)]

    assert statuses == [202, 202]
    assert [effect.verb for effect in plane.emu.ledger.effects()] == ["create", "suspend"]


def test_a_name_is_held_until_its_deletion_is_done() -> None:
    plane = Plane()
    id_ = plane.made("trainings")
    plane.http.delete(f"{ROOT}/trainings/{id_}")

    assert plane.post("workspaces").status_code == 409
    assert plane.wait(6).post("workspaces").status_code == 202


def test_deleting_twice_is_fine_until_it_is_gone() -> None:
    plane = Plane()
    path = f"{ROOT}/trainings/{plane.made('trainings')}"

    assert [plane.status("DELETE", path), plane.status("DELETE", path)] == [202, 202]
    assert plane.wait(6).status("DELETE", path) == 404


def test_the_deleted_list_keeps_a_workload_for_14_days() -> None:
    plane = Plane()
    id_ = plane.made("trainings", command="sleep 1")
    plane.wait(20).http.delete(f"{ROOT}/trainings/{id_}")

    row = plane.wait(6).get(ROOT, deleted="true")["workloads"][0]

    assert (row["completedAt"], row["deletedAt"]) == ("2026-03-02T09:00:07.000Z", "2026-03-02T09:00:25.000Z")
    assert plane.names() == []
    assert plane.wait(14 * 86400).names(deleted="true") == []


@pytest.mark.parametrize("status", [404, 200])
def test_reading_what_is_gone_is_a_switch(status: int) -> None:
    plane = Plane(gone_status=status)
    id_ = plane.made("trainings")
    plane.http.delete(f"{ROOT}/trainings/{id_}")

    assert plane.wait(6).status("GET", f"{ROOT}/trainings/{id_}") == status


def test_a_finished_job_is_deleted_by_the_server() -> None:
    plane = Plane()
    id_ = plane.made("trainings", command="sleep 1", autoDeletionTimeAfterCompletionSeconds=30)

    assert phases(plane, id_, 10, 30) == ["Completed", "Deleting"]
    assert plane.wait(10).names() == []
    assert plane.names(deleted="true") == ["x"]


def test_a_preempted_job_waits_and_runs_again() -> None:
    plane = Plane()
    greedy = plane.made("trainings", "greedy", "platform", parallelism=3, **gpus(8))
    assert phases(plane, greedy, 10) == ["Running"]

    plane.made("workspaces", "own", "team-a", **gpus(8))

    assert phases(plane, greedy, 10) == ["Pending"]
    assert "Preempted" in plane.reasons(greedy)


def test_reads_of_the_cluster_lag_but_the_submission_service_does_not() -> None:
    plane = Plane(lag_s=5.0)
    id_ = plane.made("trainings")

    assert (plane.names(), plane.status("GET", f"{ROOT}/{id_}")) == ([], 404)
    assert plane.status("GET", f"{ROOT}/trainings/{id_}") == 200
    assert plane.wait(6).names() == ["x"]


def test_what_was_deleted_still_shows_while_reads_lag() -> None:
    plane = Plane(lag_s=5.0)
    id_ = plane.made("trainings")
    plane.wait(10).http.delete(f"{ROOT}/trainings/{id_}")

    assert plane.wait(6).names() == ["x"]
    assert plane.wait(5).names() == []


def test_a_server_with_no_calls_scales_to_zero_and_stays_healthy() -> None:
    plane = Plane()
    id_ = plane.made("inferences", autoscaling={"minReplicas": 0, "maxReplicas": 1}, **gpus(1))

    assert plane.wait(10).row(id_)["runningPods"] == 1
    row = plane.wait(100).row(id_)
    assert (row["phase"], row["runningPods"], row["allocatedResources"]["gpu"]) == ("Running", 0, 0)


def test_a_resume_while_stopping_leaves_one_set_of_pods() -> None:
    plane = Plane()
    id_ = plane.made("workspaces")
    plane.wait(10).http.post(f"{ROOT}/workspaces/{id_}/suspend")
    plane.wait(1).http.post(f"{ROOT}/workspaces/{id_}/resume")

    assert plane.wait(20).row(id_)["runningPods"] == 1


def test_a_long_queue_does_not_eat_the_time_to_pull() -> None:
    plane = Plane()
    plane.made("trainings", "first", parallelism=3, command="sleep 500", **gpus(8))
    id_ = plane.made("trainings", "second", "platform", image="no-such:1", **gpus(8))

    assert phases(plane, id_, 400, 120, 400) == ["Pending", "Initializing", "Failed"]


def test_a_stop_by_the_platform_is_told_in_an_event() -> None:
    plane = Plane()
    id_ = plane.made("workspaces")
    plane.wait(10).emu.world.stop(id_, "idle for 3 hours")

    assert (plane.phase(id_), plane.row(id_)["phaseMessage"]) == ("Stopped", "idle for 3 hours")
    assert plane.reasons(id_)[0] == "Suspended"


@pytest.mark.parametrize(
    ("spec", "kind"),
    [
        ({"image": "a:1"}, "completes"),
        ({"image": "a:1", "command": "sleep infinity"}, "runs"),
        ({"image": "no-such/a:1"}, "no-image"),
        ({"image": "nvcr.io/nvidia/pytorch:99.01-py3"}, "no-image"),
        ({"image": "a:oom"}, "oom"),
        ({"image": "a:1", "environmentVariables": env(MODE="oom")}, "oom"),
        ({"image": "a:1", "environmentVariables": env(RECORD="oom " * 20)}, "completes"),
        ({"image": "a:1", "args": "--then fail"}, "crash"),
        ({"image": "a:1", "args": "--failover --bloom"}, "completes"),
    ],
)
def test_what_a_container_says_is_its_fate(spec: dict[str, object], kind: str) -> None:
    assert fate(spec, ends=True).kind == kind
