"""The list grammar: filters, search, order, pages."""

import pytest

from tests.emulator.plane import ROOT, Plane


@pytest.fixture(scope="module")
def plane() -> Plane:
    made = Plane()
    made.made("trainings", "alpha", environmentVariables=[{"name": "A", "value": "1"}])
    made.wait(1).made("trainings", "alpine", priorityClass="high")
    made.wait(1).made("workspaces", "beta", "team-b")
    return made


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ("name==alpha", ["alpha"]),
        ("name!=alpha", ["alpine", "beta"]),
        ("name=@lp", ["alpha", "alpine"]),
        ("name!@lp", ["beta"]),
        ("name=^al", ["alpha", "alpine"]),
        ("name=$a", ["alpha", "beta"]),
        ("name==ALPHA", []),
        ("projectName==team-b", ["beta"]),
        ("projectId==1,type==Training", ["alpha", "alpine"]),
        ("projectId==1,name=$ne", ["alpine"]),
        ("priority>=125", ["alpine", "beta"]),
        ("priority<=40", ["alpha"]),
        ("createdAt>=2026-03-02T09:00:01Z", ["alpine", "beta"]),
        ("createdAt<=2026-03-02T09:00:01Z", ["alpha", "alpine"]),
        ("submittedBy==demo", ["alpha", "alpine", "beta"]),
        ("completedAt!=2026-03-02T09:00:01Z", ["alpha", "alpine", "beta"]),
        ("completedAt==2026-03-02T09:00:01Z", []),
        ("nodepool==h100-pool", ["alpha", "alpine", "beta"]),
    ],
)
def test_a_filter_keeps_what_meets_all_its_items(plane: Plane, condition: str, names: list[str]) -> None:
    assert plane.names(filterBy=condition) == names


@pytest.mark.parametrize(
    "condition",
    [
        "labels==x",
        "id==1",
        "name",
        "name==",
        "name~x",
        "name==a,b",
        "createdAt=@2026",
        "createdAt==soon",
        "priority<=x",
    ],
)
def test_a_filter_outside_the_grammar_is_refused(plane: Plane, condition: str) -> None:
    assert plane.status("GET", ROOT, params={"filterBy": condition}) == 400


@pytest.mark.parametrize(("level", "status"), [("2.24", 200), ("2.25", 400)])
def test_ten_filters_are_the_most_since_2_25(level: str, status: int) -> None:
    eleven = ",".join(["type==Training"] * 11)

    assert Plane(api_level=level).status("GET", ROOT, params={"filterBy": eleven}) == status


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, ["alpha", "alpine", "beta"]),
        ({"sortBy": "name", "sortOrder": "desc"}, ["beta", "alpine", "alpha"]),
        ({"sortBy": "priority"}, ["alpha", "alpine", "beta"]),
        ({"sortBy": "completedAt"}, ["alpha", "alpine", "beta"]),
        ({"sortBy": "createdAt", "sortOrder": "desc", "limit": 1}, ["beta"]),
        ({"offset": 1, "limit": 1}, ["alpine"]),
        ({"offset": 9}, []),
        ({"search": "TEAM-B"}, ["beta"]),
    ],
)
def test_a_list_is_ordered_and_cut_as_asked(plane: Plane, query: dict[str, object], names: list[str]) -> None:
    assert plane.names(**query) == names


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0}, {"limit": 501}, {"limit": "x"}, {"offset": -1}, {"sortBy": "labels"},
        {"sortOrder": "up"}, {"deleted": "yes"},
    ],
)  # fmt: skip
def test_a_bad_page_is_refused(plane: Plane, query: dict[str, object]) -> None:
    assert plane.status("GET", ROOT, params=query) == 400


def test_next_is_there_only_when_there_is_more(plane: Plane) -> None:
    pages = [plane.get(ROOT, offset=offset, limit=2) for offset in (0, 2)]

    assert [page.get("next") for page in pages] == [2, None]
    assert "next" not in pages[1]


def test_fifty_rows_are_a_page_by_default() -> None:
    plane = Plane()
    for number in range(51):
        plane.made("trainings", f"t-{number}")

    page = plane.get(ROOT)

    assert (len(page["workloads"]), page["next"]) == (50, 50)


def test_the_count_takes_the_same_filters(plane: Plane) -> None:
    assert plane.get(f"{ROOT}/count", filterBy="name=^al") == {"count": 2}


def test_the_list_shows_the_environment_but_no_labels() -> None:
    plane = Plane()
    plane.made(
        "trainings", labels=[{"name": "a", "value": "b"}], environmentVariables=[{"name": "A", "value": "1"}]
    )

    row = plane.get(ROOT)["workloads"][0]

    assert row["environmentVariables"] == {"A": "1"}
    assert not {"labels", "annotations", "spec"} & set(row)


def test_a_switch_hides_the_environment_from_the_list() -> None:
    plane = Plane(list_env=False)
    plane.made("trainings")

    assert "environmentVariables" not in plane.get(ROOT)["workloads"][0]


def test_projects_page_and_filter_like_workloads() -> None:
    page = Plane().get("/api/v1/org-unit/projects", filterBy="name=^team", limit=1)

    assert ([one["name"] for one in page["projects"]], page["next"]) == (["team-a"], 1)


def test_node_pools_never_say_next() -> None:
    assert set(Plane().get("/api/v1/node-pools", limit=1)) == {"nodepools"}
