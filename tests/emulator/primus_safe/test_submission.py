"""What a create refuses, in which order and words: facts B3 and B4."""

from typing import Any

import pytest

from reconciler.emulator.primus_safe.seed import PLAIN, SERVE, TRAIN
from tests.emulator.primus_safe.bench import ROOT, Bench, body, kind, no, program, resource

Json = Any
both = pytest.mark.parametrize("generation", [1, 2])
HOOK = 'admission webhook "vworkload.kb.io" denied the request: '
BAD, FORBIDDEN, SHORT = (400, "Primus.00002"), (403, "Primus.00003"), (503, "Primus.00008")
SERVICE = {"port": 80, "targetPort": 8080, "serviceType": "ClusterIP"}
PROBE = {"path": "/health", "port": 8080}

# One row for each check of B4 that a user can meet: number, what is sent, status and code in each
# generation, and a piece of the message.
TABLE: list[tuple[str, Json, tuple[int, str], tuple[int, str], str]] = [
    (
        "5 unknown workspace, for a member",
        {"workspaceId": "nowhere"},
        FORBIDDEN,
        FORBIDDEN,
        "not allowed to create workload",
    ),
    ("5 high priority", {"priority": 2}, FORBIDDEN, FORBIDDEN, "workload/high"),
    (
        "8 no name",
        {"displayName": None},
        (422, "Invalid"),
        (422, "Invalid"),
        "name or generateName is required",
    ),
    ("8 blank in the name", {"displayName": "a b"}, (422, "Invalid"), (422, "Invalid"), "metadata.labels"),
    ("8 dash at the end", {"displayName": "ab-"}, (422, "Invalid"), (422, "Invalid"), "metadata.labels"),
    (
        "8 name longer than a label",
        {"displayName": "a" * 64},
        (422, "Invalid"),
        (422, "Invalid"),
        "63 characters",
    ),
    ("17 name in capitals", {"displayName": "Job"}, BAD, BAD, "lower case alphanumeric"),
    ("17 underscore", {"displayName": "a_b"}, BAD, BAD, "lower case alphanumeric"),
    ("17 dot", {"displayName": "a.b"}, BAD, BAD, "lower case alphanumeric"),
    ("17 digit first", {"displayName": "1a"}, BAD, BAD, "lower case alphanumeric"),
    ("17 one letter", {"displayName": "a"}, BAD, BAD, "lower case alphanumeric"),
    (
        "13 service without a type",
        {"service": {"port": 80, "targetPort": 80}},
        BAD,
        BAD,
        "service type only supports",
    ),
    (
        "13 service of an odd type",
        {"service": {**SERVICE, "serviceType": "LoadBalancer"}},
        BAD,
        BAD,
        "service type",
    ),
    (
        "13 odd protocol",
        {"service": {**SERVICE, "protocol": "sctp"}},
        BAD,
        BAD,
        "service protocol only supports",
    ),
    ("13 port too high", {"service": {**SERVICE, "port": 65536}}, BAD, BAD, "service port(65536)"),
    ("13 no target port", {"service": {**SERVICE, "targetPort": 0}}, BAD, BAD, "service/target port(0)"),
    (
        "13 node port too high",
        {"service": {**SERVICE, "nodePort": 70000}},
        BAD,
        BAD,
        "service/node port(70000)",
    ),
    ("19 five fields", {"cronJobs": [{"schedule": "0 3 * * *"}]}, BAD, BAD, "cannot parse"),
    ("19 this minute", {"cronJobs": [{"schedule": "2026-03-02T09:00:30Z"}]}, BAD, BAD, "next year"),
    ("19 the past", {"cronJobs": [{"schedule": "2025-03-02T09:00:00Z"}]}, BAD, BAD, "next year"),
    ("19 after a year", {"cronJobs": [{"schedule": "2027-03-02T09:00:00Z"}]}, BAD, BAD, "next year"),
]
# The same for what is asked for per pod.
RESOURCES: list[tuple[str, Json, tuple[int, str], tuple[int, str], str]] = [
    ("10 no cpu", {"cpu": ""}, BAD, BAD, "the cpu is empty"),
    ("10 no memory", {"memory": ""}, BAD, BAD, "the memory is empty"),
    ("14 cpu is no quantity", {"cpu": "eight"}, BAD, BAD, "quantities must match the regular expression"),
    ("14 memory is no quantity", {"memory": "64GiB"}, BAD, BAD, "quantities must match"),
    ("14 cpu of nothing", {"cpu": "0"}, BAD, BAD, "invalid cpu"),
    ("14 memory below nothing", {"memory": "-1Gi"}, BAD, BAD, "invalid memory"),
    ("14 gpu below nothing", {"gpu": "-1"}, BAD, BAD, "invalid amd.com/gpu"),
    ("14 more cpu than a node", {"cpu": "193"}, SHORT, FORBIDDEN, "Insufficient resource: cpu, request: 193"),
    ("14 cpu that is reserved", {"cpu": "180"}, SHORT, FORBIDDEN, "cpu, request: 180, available: 17"),
    ("14 more memory than a node", {"memory": "2000Gi"}, SHORT, FORBIDDEN, "Insufficient resource: memory"),
    ("14 more GPUs than a node", {"gpu": "9"}, SHORT, FORBIDDEN, "amd.com/gpu, request: 9, available: 8"),
    ("15 shared memory of nothing", {"sharedMemory": "0"}, BAD, BAD, "invalid share memory"),
    ("15 shared memory above the node", {"sharedMemory": "2000Gi"}, BAD, BAD, "invalid share memory"),
    (
        "15 more than 60 % of the disk",
        {"ephemeralStorage": "5000Gi"},
        SHORT,
        FORBIDDEN,
        "ephemeral-storage, request: ",
    ),
]


@both
@pytest.mark.parametrize(("what", "asked", "first", "second", "said"), TABLE, ids=[row[0] for row in TABLE])
def test_a_create_is_refused(
    generation: int, what: str, asked: Json, first: tuple[int, str], second: tuple[int, str], said: str
) -> None:
    status, code, message = Bench(generation).refused(**asked)

    assert (status, code) == (first if generation == 1 else second)
    assert said in message


@both
@pytest.mark.parametrize(
    ("what", "asked", "first", "second", "said"), RESOURCES, ids=[row[0] for row in RESOURCES]
)
def test_what_is_asked_for_per_pod_is_refused(
    generation: int, what: str, asked: Json, first: tuple[int, str], second: tuple[int, str], said: str
) -> None:
    status, code, message = Bench(generation).refused(**resource(generation, **asked))

    assert (status, code) == (first if generation == 1 else second)
    assert message.startswith(HOOK)
    assert said in message


@both
def test_nothing_refused_is_there_afterwards(generation: int) -> None:
    bench = Bench(generation)

    bench.refused(displayName="Job")

    assert bench.listed()["totalCount"] == 0
    assert bench.emu.ledger.effects() == []


def test_10_the_first_generation_counts_up_all_that_is_missing() -> None:
    bench = Bench(1, who="root")
    asked = {"displayName": "job"}

    assert no(bench.http.post(ROOT, json=asked)) == (
        *BAD,
        f"{HOOK}Bad request. [the cluster is empty, the workspace is empty, the entryPoint is empty, "
        "the image is empty, the replica is empty, the cpu is empty, the memory is empty]",
    )


def test_10_the_second_generation_wants_neither_image_nor_entry_point() -> None:
    bench = Bench(2, who="root")

    assert no(bench.http.post(ROOT, json={"displayName": "job"}))[2] == (
        f"{HOOK}Bad request. [the cluster is empty, the workspace is empty, the resources are empty]"
    )
    assert bench.post(images=None, entryPoints=None).status_code == 200
    assert bench.post(images=["a", "b", "c"]).status_code == 200


@both
def test_11_an_unknown_workspace_is_an_empty_cluster_for_an_administrator(generation: int) -> None:
    bench = Bench(generation, who="root")

    assert bench.refused(workspaceId="nowhere") == (*BAD, f"{HOOK}Bad request. the cluster is empty")


def test_12_the_first_generation_refuses_more_replicas_than_nodes() -> None:
    assert Bench(1).refused(**resource(1, replica=9)) == (
        *SHORT, f"{HOOK}Insufficient resource: request.replica: 9, total.replica: 8"
    )  # fmt: skip


def test_12_the_second_generation_does_so_only_if_they_do_not_fit_together() -> None:
    bench = Bench(2)

    assert bench.post(**resource(2, replica=9)).status_code == 200
    assert bench.refused(**resource(2, replica=9, gpu="8"))[:2] == SHORT


@both
def test_12_an_abnormal_workspace_takes_only_what_tolerates_it(generation: int) -> None:
    from dataclasses import replace

    bench = Bench(generation)
    spaces = bench.emu.world.workspaces
    spaces[TRAIN] = replace(spaces[TRAIN], is_abnormal=True)

    assert bench.refused()[:2] == SHORT
    assert bench.post(isTolerateAll=True).status_code == 200


def test_13_probes_are_looked_at_for_every_kind_in_the_first_generation_only() -> None:
    for probe, said in (
        ({}, "the path for liveness is not found"),
        ({"path": "/", "port": 0}, "The liveness port(0)"),
    ):
        assert said in Bench(1).refused(liveness=probe)[2]
        assert Bench(2).post(liveness=probe).status_code == 200
        asked = {"workspaceId": SERVE, "liveness": probe, **kind("Deployment")}
        assert said in Bench(2).refused(**asked)[2]
    assert "the path for readiness is not found" in Bench(1).refused(readiness={})[2]


def test_13_node_ports_are_held_in_the_second_generation() -> None:
    bench = Bench(2)
    asked = {
        "workspaceId": SERVE,
        "service": {**SERVICE, "serviceType": "NodePort", "nodePort": 31000},
        **kind("Deployment"),
    }

    assert bench.post(**asked).status_code == 200
    assert bench.refused(**asked)[2].endswith("the nodePort 31000 is already used")
    no_port = {**asked, "service": {**SERVICE, "serviceType": "NodePort"}}
    assert bench.refused(**no_port)[:2] == BAD
    first = Bench(1)
    assert [first.post(**asked).status_code for _ in range(2)] == [200, 200]


@both
def test_14_half_a_core_counts_as_one_and_gpus_where_there_are_none_count_as_nothing(generation: int) -> None:
    bench = Bench(generation)

    assert bench.post(**resource(generation, cpu="500m")).status_code == 200
    assert bench.post(workspaceId=PLAIN, **resource(generation, gpu="4")).status_code == 200


@both
def test_14_a_flavor_without_disk_takes_nothing(generation: int) -> None:
    from dataclasses import replace

    bench = Bench(generation)
    flavors = bench.emu.world.flavors
    flavors["mi300x-8"] = replace(flavors["mi300x-8"], extended={})

    assert "ephemeral-storage" in bench.refused()[2]


@both
def test_16_an_unknown_kind_has_no_template(generation: int) -> None:
    expected = {1: (404, "Primus.01002"), 2: (500, "Primus.00001")}[generation]

    assert Bench(generation).refused(**kind("pytorchjob"))[:2] == expected
    asked = {"groupVersionKind": {"kind": "PyTorchJob", "version": "v2"}}
    assert Bench(generation).refused(**asked)[:2] == expected


def test_17_the_first_generation_takes_names_of_2_to_45() -> None:
    bench = Bench(1)

    assert [bench.post(displayName="a" * n).status_code for n in (2, 45)] == [200, 200]
    assert "the maximum length of the workload name" in bench.refused(displayName="a" * 46)[2]


@pytest.mark.parametrize(
    ("name", "longest"), [("PyTorchJob", 46), ("Authoring", 46), ("Deployment", 42), ("StatefulSet", 42)]
)
def test_17_in_the_second_generation_the_kind_decides(name: str, longest: int) -> None:
    bench = Bench(2)
    space = TRAIN if name in {"PyTorchJob", "Authoring"} else SERVE

    asked = {"workspaceId": space, **kind(name)}
    assert bench.post(displayName="a" * longest, **asked).status_code == 200
    assert bench.refused(displayName="a" * (longest + 1), **asked)[:2] == BAD


@pytest.mark.parametrize(
    ("key", "status"),
    [("team", 200), ("a/b.c_D9", 200), ("a/b/c", 400), ("-a", 400), ("Team", 400), ("a b", 400), ("aB", 400)],
)
def test_17_label_keys_are_looked_at_in_the_second_generation(key: str, status: int) -> None:
    asked = {"customerLabels": {key: "v"}}

    assert Bench(2).post(**asked).status_code == status
    assert Bench(1).post(**asked).status_code == 200


@both
def test_18_the_workspace_decides_by_scope(generation: int) -> None:
    bench = Bench(generation)

    status, code, message = bench.refused(**kind("Deployment"))

    assert (status, code) == FORBIDDEN
    assert message.startswith(f"{HOOK}The workspace only supports [Train Authoring]")
    assert bench.post(workspaceId=PLAIN, **kind("Deployment")).status_code == 200


def test_18_a_job_is_for_the_platform_in_the_first_generation() -> None:
    assert Bench(1).refused(**kind("Job")) == (*BAD, f"{HOOK}Bad request. unknown workload kind, Job")
    assert Bench(2).post(**kind("Job")).status_code == 200


@both
@pytest.mark.parametrize(
    "schedule", ["2026-03-02T09:01:00Z", "2026-03-02T09:01:00.000Z", "2027-03-02T08:59:00"]
)
def test_19_a_schedule_is_a_time_of_the_next_year(generation: int, schedule: str) -> None:
    assert Bench(generation).post(cronJobs=[{"schedule": schedule}]).status_code == 200


@both
def test_19_actions_that_do_nothing_are_not_looked_at(generation: int) -> None:
    asked = {"cronJobs": [{"schedule": "2020-01-01T00:00:00Z", "action": "scale"}]}

    assert Bench(generation).post(**asked).status_code == 200


def test_the_first_failing_check_wins() -> None:
    bench = Bench(1)
    everything: dict[str, Json] = {
        "displayName": "Job", "cronJobs": [{"schedule": "daily"}], "liveness": {}, **kind("Nothing"),
        "service": {"port": 0}, **resource(1, cpu="999", replica=99), "priority": 2, "workspaceId": "nowhere",
        **program(1),
    }  # fmt: skip
    order = []
    for fix in (
        {"workspaceId": TRAIN}, {"priority": 0}, resource(1, cpu="999"), {"service": None},
        {"liveness": None}, resource(1), kind("PyTorchJob"), {"displayName": "job"}, {"cronJobs": None},
    ):  # fmt: skip
        order.append(no(bench.http.post(ROOT, json=everything))[2].removeprefix(HOOK)[:42])
        everything = {**everything, **fix}

    assert bench.http.post(ROOT, json=everything).status_code == 200
    assert order == [
        "The user is not allowed to create workload",
        "The user is not allowed to create workload",
        "Insufficient resource: request.replica: 99",
        "Bad request. The service port(0) is invali",
        "Bad request. the path for liveness is not ",
        "Insufficient resource: cpu, request: 999, ",
        "the resource template of v1/Nothing is not",
        "Bad request. the name(Job) must consist of",
        'Bad request. parsing time "daily" as "2006',
    ]


def test_an_authoring_stands_on_one_node() -> None:
    asked = {"specifiedNodes": ["smc300x-01", "smc300x-02"], **kind("Authoring")}

    assert Bench(1).refused(**asked) == (*BAD, "Bad request. the authoring can only be created with one node")
    assert Bench(2).refused(**asked) == (
        *BAD,
        f"{HOOK}Bad request. the authoring can only be created with one node",
    )
    assert Bench(2).post(nodesAffinity="preferred", **asked).status_code == 200


@pytest.mark.parametrize(
    ("name", "asked", "said"),
    [
        ("TorchFT", {}, "insufficient resources for TorchFT"),
        ("RayJob", {}, "RAY_JOB_ENTRYPOINT"),
        ("AutoscalingRunnerSet", {}, "the RESOURCES of workload environment variables is empty"),
        ("MonarchJob", {}, "is not enabled"),
        ("Sandbox", {}, "is not enabled"),
    ],
)
def test_4_and_9_kinds_of_the_second_generation_have_rules_of_their_own(
    name: str, asked: Json, said: str
) -> None:
    status, code, message = Bench(2).refused(workspaceId=PLAIN, **kind(name), **asked)

    assert (status, code) == BAD
    assert said in message


def test_a_ray_job_with_its_entry_point_is_taken() -> None:
    asked = {"workspaceId": PLAIN, "env": {"RAY_JOB_ENTRYPOINT": "python a.py"}, **kind("RayJob")}

    assert Bench(2).post(**asked).status_code == 200


GROUP = {"cpu": "1", "memory": "1Gi"}


@pytest.mark.parametrize(("groups", "status"), [("2", 200), ("3", 400), ("0", 400), ("x", 400)])
def test_groups_of_a_fault_tolerant_training_divide_its_workers(groups: str, status: int) -> None:
    bench = Bench(2)
    asked = {
        "resources": [{"replica": 1, **GROUP}, {"replica": 4, **GROUP}],
        "env": {"REPLICA_COUNT": groups},
    }
    answer = bench.post(workspaceId=PLAIN, **asked, **kind("TorchFT"))

    assert answer.status_code == status
    if status == 200:
        told = bench.wait(10).get(answer.json()["workloadId"])
        assert told["env"] == {"REPLICA_COUNT": "2", "MIN_REPLICA_COUNT": "1", "MAX_REPLICA_COUNT": "2"}
        assert [pod["rank"] for pod in told["pods"]] == ["0", "1", "2", "3", "4"]


@pytest.mark.parametrize(
    ("name", "asked", "said"),
    [
        ("RayJob", {"resources": [{"replica": 1, **GROUP}] * 4}, "Expected 1 to 3 resource configurations"),
        ("RayJob", {"images": []}, "Expected at least 1 image"),
        ("DynamoDeployment", {"resources": [{"replica": 1, **GROUP}] * 6}, "Expected 1 to 5 resource"),
    ],
)
def test_9_groups_and_images_are_counted_by_kind(name: str, asked: Json, said: str) -> None:
    env = {"RAY_JOB_ENTRYPOINT": "python a.py"}

    assert said in Bench(2).refused(workspaceId=PLAIN, env=env, **asked, **kind(name))[2]


def test_6_secrets_must_be_there_and_within_reach() -> None:
    bench = Bench(2)
    root = Bench(2, who="root")
    theirs = root.http.post(
        "/api/v1/secrets", json={"name": "hf", "type": "general", "workspaceIds": [SERVE]}
    ).json()
    bench.emu.world.secrets.update(root.emu.world.secrets)

    assert bench.refused(secrets=[{"id": "no"}]) == (404, "NotFound", 'secrets "no" not found')
    assert bench.refused(secrets=[{"id": theirs["secretId"]}])[:2] == FORBIDDEN
    assert bench.post(secrets=[{"id": "harbor-pull"}]).status_code == 200


def test_a_client_may_choose_the_id_in_the_second_generation() -> None:
    bench = Bench(2)

    assert bench.made(workloadId=" My_Job ") == "my-job"
    assert Bench(1).made(workloadId="my-job") != "my-job"


def test_a_create_that_fails_deletes_whatever_has_the_chosen_id() -> None:
    bench = Bench(2)
    bench.running(workloadId="shared")

    assert bench.refused(workloadId="shared")[:2] == (409, "AlreadyExists")
    assert bench.phase("shared") == "Stopped"
    assert [effect.verb for effect in bench.emu.ledger.effects()] == ["create", "delete"]


def test_so_does_one_that_is_not_allowed_and_it_is_somebody_elses() -> None:
    bench = Bench(2)
    bench.running(workloadId="shared")

    bench.sign_in("jonas").refused(workloadId="shared")

    assert bench.sign_in("demo").phase("shared") == "Stopped"
    careful = Bench(2, cleans_up=False)
    careful.running(workloadId="shared")
    careful.refused(workloadId="shared")
    assert careful.phase("shared") == "Running"


@both
def test_c1_an_id_is_the_name_and_five_letters_that_spell_nothing(generation: int) -> None:
    bench = Bench(generation)
    ids = {bench.made() for _ in range(20)}

    assert len(ids) == 20
    assert all(id_.startswith("job-") for id_ in ids)
    assert {letter for id_ in ids for letter in id_.removeprefix("job-")} <= set(
        "bcdfghjklmnpqrstvwxz2456789"
    )
    assert {len(id_) for id_ in ids} == {9}


def test_c1_the_longest_id_of_the_first_generation_has_51_letters() -> None:
    assert len(Bench(1).made(displayName="a" * 45)) == 51


@both
def test_c1_a_create_is_not_idempotent_and_names_are_not_unique(generation: int) -> None:
    bench = Bench(generation)

    assert bench.made() != bench.made()
    assert bench.names() == ["job", "job"]


@both
def test_the_other_key_for_the_workspace_does_too(generation: int) -> None:
    bench = Bench(generation)
    id_ = bench.made(workspaceId=None, workspace=TRAIN)

    assert bench.get(id_)["workspaceId"] == TRAIN
    assert bench.get(bench.made(workspace="nowhere"))["workspaceId"] == TRAIN


@both
def test_the_ledger_tells_of_a_create(generation: int) -> None:
    bench = Bench(generation)
    id_ = bench.made(displayName="train")

    entry = bench.emu.ledger.entries[-1]
    effect = entry.effect
    assert effect is not None
    assert (effect.verb, effect.kind, effect.id, effect.name) == ("create", "PyTorchJob", id_, "train")
    assert entry.body == body(generation, displayName="train")
