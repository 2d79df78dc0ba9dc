"""What else there is: workspaces, nodes, flavors, clusters, secrets and people; facts F."""

from dataclasses import replace
from typing import Any

import pytest

from reconciler.emulator.primus_safe.seed import CLUSTER, PLAIN, SERVE, TRAIN
from tests.emulator.primus_safe.bench import Bench, no, resource

Json = Any
both = pytest.mark.parametrize("generation", [1, 2])
SPACES = "/api/v1/workspaces"


@both
def test_a_member_sees_the_workspaces_that_are_theirs_by_id(generation: int) -> None:
    bench = Bench(generation, who="mina")

    assert [one["workspaceId"] for one in bench.read("/workspaces")["items"]] == [PLAIN, TRAIN]
    assert len(bench.sign_in("root").read("/workspaces")["items"]) == 3
    assert bench.read("/workspaces", clusterId="other")["items"] == []


@both
def test_a_workspace_tells_its_quota_and_what_of_it_is_used(generation: int) -> None:
    bench = Bench(generation)
    bench.running(**resource(generation, replica=2, gpu="8"))

    told = bench.read(f"/workspaces/{TRAIN}")
    gpus = [told[name]["amd.com/gpu"] for name in ("totalQuota", "usedQuota", "availQuota")]
    assert gpus == [64, 16, 48]
    assert (told["usedNodeCount"], told["abnormalQuota"], told["targetNodeCount"]) == (2, None, 8)
    assert all(isinstance(amount, int) for amount in told["totalQuota"].values())


@both
def test_a_broken_node_counts_as_abnormal(generation: int) -> None:
    bench = Bench(generation)
    node = bench.emu.world.nodes_of(TRAIN)[0]
    bench.emu.world.nodes[node.id] = replace(node, is_available=False, message="GPU 3 fell off the bus")

    told = bench.read(f"/workspaces/{TRAIN}")
    assert (told["abnormalNodeCount"], told["currentNodeCount"], told["abnormalQuota"]["amd.com/gpu"]) == (
        1,
        7,
        8,
    )
    assert (
        bench.read("/nodes", workspaceId=TRAIN, available="false")["items"][0]["message"]
        == "GPU 3 fell off the bus"
    )


@both
def test_a_workspace_that_is_not_there_is_kubernetes_not_found(generation: int) -> None:
    bench = Bench(generation)

    assert no(bench.http.get(f"{SPACES}/no")) == (404, "NotFound", 'workspaces.amd.com "no" not found')


@both
def test_without_its_flavor_a_workspace_cannot_be_read(generation: int) -> None:
    bench = Bench(generation)
    spaces = bench.emu.world.workspaces
    spaces[TRAIN] = replace(spaces[TRAIN], flavor="gone")

    assert bench.http.get(f"{SPACES}/{TRAIN}").status_code == 404


@both
def test_an_administrator_makes_a_workspace_whose_id_can_be_told_beforehand(generation: int) -> None:
    bench = Bench(generation, who="root")
    asked = {
        "name": "New",
        "clusterId": CLUSTER,
        "flavorId": "mi300x-8",
        "replica": 2,
        "queuePolicy": "balance",
    }

    assert bench.http.post(SPACES, json=asked).json() == {"workspaceId": f"{CLUSTER}-new"}

    told = bench.read(f"/workspaces/{CLUSTER}-new")
    assert (told["workspaceName"], told["currentNodeCount"], told["queuePolicy"]) == ("New", 2, "balance")
    assert told["scopes"] == {1: ["Train", "Infer", "Authoring"], 2: []}[generation]
    assert bench.http.post(SPACES, json=asked).status_code == 409
    assert bench.http.post(SPACES, json={**asked, "name": "more"}).status_code == 503
    assert bench.sign_in("demo").http.post(SPACES, json=asked).status_code == 403


@both
def test_a_manager_changes_a_workspace_and_others_do_not(generation: int) -> None:
    bench = Bench(generation, who="lee")

    assert bench.http.patch(f"{SPACES}/{SERVE}", json={"description": "ours"}).content == b"null"
    assert bench.read(f"/workspaces/{SERVE}")["description"] == "ours"
    assert bench.http.patch(f"{SPACES}/{SERVE}", json={"queuePolicy": "random"}).status_code == 400
    assert bench.http.patch(f"{SPACES}/{TRAIN}", json={"description": "x"}).status_code == 403
    assert bench.sign_in("demo").http.patch(f"{SPACES}/{SERVE}", json={}).status_code == 403


@both
def test_managers_come_and_go(generation: int) -> None:
    bench = Bench(generation, who="root")
    demo = bench.emu.world.users.named("demo")
    bench.http.patch(f"{SPACES}/{SERVE}", json={"managers": [demo.id]})

    assert bench.read(f"/workspaces/{SERVE}")["managers"] == [{"id": demo.id, "name": "demo"}]
    assert bench.sign_in("demo").http.patch(f"{SPACES}/{SERVE}", json={}).status_code == 200


@both
def test_nodes_are_added_and_taken_away(generation: int) -> None:
    bench = Bench(generation, who="root")
    spare = next(node.id for node in bench.emu.world.nodes.values() if not node.workspace)
    path = f"{SPACES}/{SERVE}/nodes"

    assert bench.http.post(path, json={"nodeIds": [spare], "action": "add"}).status_code == 200
    assert bench.read(f"/workspaces/{SERVE}")["targetNodeCount"] == 3
    assert bench.http.post(path, json={"nodeIds": [spare], "action": "remove"}).status_code == 200
    assert bench.read(f"/workspaces/{SERVE}")["currentNodeCount"] == 2
    assert bench.http.post(path, json={"nodeIds": ["no"], "action": "add"}).status_code == 404
    assert bench.http.post(path, json={"nodeIds": [], "action": "lend"}).status_code == 400
    taken = bench.emu.world.nodes_of(TRAIN)[0].id
    assert bench.http.post(path, json={"nodeIds": [taken], "action": "add"}).status_code == 403


@both
def test_more_nodes_let_what_waits_run(generation: int) -> None:
    bench = Bench(generation)
    bench.running(**resource(generation, replica=8, gpu="8"))
    waiting = bench.made(**resource(generation, replica=1, gpu="8"))
    assert bench.wait(10).phase(waiting) == "Pending"

    bench.sign_in("root").http.patch(f"{SPACES}/{TRAIN}", json={"replica": 9})

    assert bench.wait(10).phase(waiting) == "Running"


# -- nodes and flavors -------------------------------------------------------------------------


@both
def test_nodes_are_read_by_workspace(generation: int) -> None:
    bench = Bench(generation)
    id_ = bench.running(**resource(generation, gpu="8"))

    told = bench.read("/nodes", workspaceId=TRAIN)
    first = told["items"][0]
    assert (told["totalCount"], first["totalResources"]["amd.com/gpu"]) == (8, 8)
    assert (first["availResources"]["amd.com/gpu"], first["workloads"][0]["id"]) == (0, id_)
    assert bench.http.get("/api/v1/nodes").status_code == 403


@both
def test_nodes_come_in_pages_briefly_or_all(generation: int) -> None:
    bench = Bench(generation, who="root")

    assert len(bench.read("/nodes", limit=-1)["items"]) == 14
    assert [len(bench.read("/nodes", limit=5, offset=n)["items"] or []) for n in (0, 10, 20)] == [5, 4, 0]
    assert set(bench.read("/nodes", brief="true")["items"][0]) == {"nodeId", "nodeName", "internalIP"}
    assert bench.http.get("/api/v1/nodes", params={"limit": -2}).status_code == 400


@both
def test_one_node_tells_more(generation: int) -> None:
    bench = Bench(generation)
    node = bench.read("/nodes", workspaceId=TRAIN)["items"][0]

    told = bench.read(f"/nodes/{node['nodeId']}")
    assert set(told) - set(node) == {"flavorId", "templateId", "taints", "customerLabels", "lastStartupTime"}
    assert no(bench.http.get("/api/v1/nodes/no"))[:2] == (404, "Primus.03002")


def test_a_flavor_tells_the_largest_pod() -> None:
    for generation, cpus in ((1, 172), (2, 178)):
        bench = Bench(generation)
        told = bench.read("/nodeflavors/mi300x-8/avail")
        assert (told["cpu"], told["amd.com/gpu"], told["rdma/hca"]) == (cpus, 8, 1)
        assert told["memory"] == 2048 * 2**30 - -(-2048 * 2**30 // 20)
        largest = resource(generation, cpu=str(cpus), gpu="8", memory=str(told["memory"]))
        assert bench.post(**largest).status_code == 200
        over = resource(generation, cpu=str(cpus + 1))
        assert bench.post(**over).status_code in {403, 503}


@both
def test_flavors_and_templates_are_for_everybody(generation: int) -> None:
    bench = Bench(generation, who="jonas")

    assert [one["flavorId"] for one in bench.read("/nodeflavors")["items"]] == ["epyc", "mi300x-8"]
    assert bench.read("/nodeflavors/mi300x-8")["gpu"]["quantity"] == "8"
    assert bench.read("/nodetemplates")["totalCount"] == 1
    assert bench.http.get("/api/v1/nodeflavors/no").status_code == 404


@both
def test_a_cluster_tells_its_nodes(generation: int) -> None:
    bench = Bench(generation)

    assert len(bench.read(f"/clusters/{CLUSTER}")["nodes"]) == 14
    assert no(bench.http.get("/api/v1/clusters/no"))[:2] == (404, "NotFound")


# -- secrets and people ------------------------------------------------------------------------


def test_secrets_are_the_administrators_in_the_first_generation() -> None:
    bench = Bench(1)
    assert bench.http.get("/api/v1/secrets").status_code == 403

    told = bench.sign_in("root").read("/secrets")
    assert told["items"][0]["params"]
    assert told["items"][0]["bindAllWorkspaces"] is True


def test_secrets_are_everybodys_own_in_the_second_generation() -> None:
    bench = Bench(2)
    asked = {"name": "hf-token", "type": "general", "params": [{"token": "x"}], "workspaceIds": [TRAIN]}
    id_ = bench.http.post("/api/v1/secrets", json=asked).json()["secretId"]
    path = f"/api/v1/secrets/{id_}"

    assert "params" not in bench.read("/secrets", type="general")["items"][0]
    assert bench.read(f"/secrets/{id_}")["params"] == [{"token": "x"}]
    bench.sign_in("lee")
    assert bench.http.get(path).status_code == 200
    assert bench.http.delete(path).status_code == 403
    assert bench.sign_in("jonas").http.get(path).status_code == 403
    bench.sign_in("demo").http.patch(path, json={"params": [{"token": "y"}]})
    assert bench.read(f"/secrets/{id_}")["params"] == [{"token": "y"}]
    assert bench.http.delete(path).status_code == 200
    assert bench.http.get(path).status_code == 404


@pytest.mark.parametrize(
    ("generation", "type_", "status"), [(1, "general", 400), (2, "general", 200), (2, "gold", 400)]
)
def test_secrets_have_types(generation: int, type_: str, status: int) -> None:
    bench = Bench(generation, who="root")

    assert bench.http.post("/api/v1/secrets", json={"name": "a", "type": type_}).status_code == status
    assert bench.http.delete("/api/v1/secrets/harbor-pull").status_code == 403


def test_a_secret_may_be_bound_to_all_workspaces_or_some() -> None:
    bench = Bench(2)
    id_ = bench.http.post("/api/v1/secrets", json={"name": "a", "type": "ssh"}).json()["secretId"]
    path = f"/api/v1/secrets/{id_}"
    assert bench.sign_in("lee").http.get(path).status_code == 403

    for change, status in (
        ({"bindAllWorkspaces": True}, 200),
        ({"workspaceIds": [PLAIN]}, 403),
        ({"workspaceIds": [SERVE]}, 200),
    ):
        bench.sign_in("demo").http.patch(path, json=change)
        assert bench.sign_in("lee").http.get(path).status_code == status
    assert no(bench.http.post("/api/v1/secrets", json={"type": "ssh"}))[0] == 400


@both
def test_a_workspace_needs_a_name_a_cluster_and_a_flavor(generation: int) -> None:
    bench = Bench(generation, who="root")

    assert no(bench.http.post(SPACES, json={"clusterId": CLUSTER}))[0] == 400
    assert no(bench.http.post(SPACES, json={"name": "a", "clusterId": "no"}))[0] == 400
    assert no(bench.http.post(SPACES, json={"name": "a", "clusterId": CLUSTER, "flavorId": "no"}))[0] == 404
    assert no(bench.http.patch(f"{SPACES}/{SERVE}", json={"flavorId": "no"}))[0] == 404
    bench.http.patch(f"{SPACES}/{SERVE}", json={"replica": 1})
    assert bench.read(f"/workspaces/{SERVE}")["currentNodeCount"] == 1


@both
def test_who_i_am_and_where_i_may_write(generation: int) -> None:
    bench = Bench(generation, who="lee")
    told = bench.read("/users/self")

    assert [one["id"] for one in told["workspaces"]] == [TRAIN, SERVE]
    assert [one["id"] for one in told["managedWorkspaces"]] == [SERVE]
    root = bench.sign_in("root").read("/users/self")
    assert (root["workspaces"], root["managedWorkspaces"], root["roles"]) == (None, None, ["system-admin"])


@both
def test_others_are_seen_by_who_shares_a_workspace(generation: int) -> None:
    bench = Bench(generation, who="mina")

    assert {one["name"] for one in bench.read("/users")["items"]} == {"mina", "demo", "lee"}
    assert {one["name"] for one in bench.read("/users", workspaceId=SERVE)["items"]} == {"demo", "lee"}
    assert len(bench.sign_in("root").read("/users")["items"]) == 5


@both
def test_the_demo_world_has_work_that_people_made(generation: int) -> None:
    bench = Bench(generation, seed="demo", who="root")
    bench.wait(60)

    told = {row["displayName"]: (row["userName"], row["phase"]) for row in bench.read("/workloads")["items"]}
    assert told == {
        "old-pretrain": ("mina", "Running"),
        "scratch-mina": ("mina", "Running"),
        "sglang-test": ("lee", "Running"),
        "broken-notebook": ("mina", "Pending"),
    }
