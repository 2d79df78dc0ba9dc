"""What the platform tells of its projects, departments, node pools and nodes."""

from tests.emulator.plane import Plane, gpus


def status(plane: Plane, project: str) -> dict[str, dict[str, float]]:
    """Give a project's figures in the H100 pool."""
    rows = plane.get("/api/v1/org-unit/projects", filterBy=f"name=={project}")["projects"]
    statuses = rows[0]["status"]["nodePoolQuotaStatuses"]
    return next(each for each in statuses if each["nodePoolName"] == "h100-pool")


def test_a_project_tells_what_it_holds_in_a_pool_firmly_and_what_it_asks_for() -> None:
    plane = Plane()
    plane.made("trainings", "soft", command="sleep 900", **gpus(2))
    plane.made("workspaces", "firm", **gpus(1))
    plane.made("workspaces", "waits", **gpus(8), preemptibility="non-preemptible")
    plane.made("workspaces", "waits-too", **gpus(8))
    plane.wait(20)

    found = status(plane, "team-a")

    assert (found["allocated"]["gpu"], found["allocatedNonPreemptible"]["gpu"]) == (11, 9)
    assert found["requested"]["gpu"] == 19


def test_a_department_sums_its_projects_up_and_tells_its_status_only_when_asked() -> None:
    plane = Plane()
    plane.made("trainings", "soft", command="sleep 900", **gpus(2))
    plane.wait(20)

    brief = plane.get("/api/v1/org-unit/departments")["departments"][0]
    verbose = plane.get("/api/v1/org-unit/departments", verbosity="verbose")["departments"][0]

    assert (brief["resources"][0]["gpu"]["deserved"], "status" in brief) == (26, False)
    assert verbose["status"]["quotaStatus"]["allocated"]["gpu"] == 2


def test_nodes_tell_their_pool_and_their_gpus() -> None:
    plane = Plane()

    nodes = plane.get("/api/v1/nodes", filterBy="nodePool==h100-pool")["nodes"]
    pools = plane.get("/api/v1/node-pools", filterBy="name==h100-pool")["nodepools"]

    assert [node["gpuInfo"]["gpuCount"] for node in nodes] == [8, 8, 8]
    assert pools[0]["status"]["nodes"] == [node["name"] for node in nodes]
