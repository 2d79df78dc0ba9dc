"""What the credentials may do, as the control plane tells it: actions, each with the scopes it is for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from reconciler.resource import Json

RESOURCES = ("workloads", "workspaces", "trainings", "inferences")
ACTIONS = ("create", "read", "update", "delete")
Row = Mapping[str, Json]


def told_of(
    permitted: Mapping[str, Row], projects: Mapping[str, Row]
) -> Iterator[tuple[str, Sequence[str], Sequence[str]]]:
    """Give what may be done where: a word for the resources, the actions, the projects they are for.

    `permitted` is the answer for each resource, `projects` the row of each project by its name. Resources
    of the same rights share a line, and so do projects.
    """
    rights = {
        resource: tuple(_actions(answer, row) for row in projects.values())
        for resource, answer in permitted.items()
    }
    for mine in dict.fromkeys(rights.values()):
        alike = [resource for resource, theirs in rights.items() if theirs == mine]
        label = "workloads" if len(alike) == len(rights) else ", ".join(alike)
        for actions in dict.fromkeys(mine):
            yield label, actions, [name for name, here in zip(projects, mine, strict=True) if here == actions]


def _actions(answer: Row, project: Row) -> tuple[str, ...]:
    return tuple(action for action in ACTIONS if _holds(answer.get(action), project))


def _holds(scopes: Json, project: Row) -> bool:
    """Tell whether scopes hold a project: by itself, its department, its cluster or the whole tenant."""
    if not isinstance(scopes, dict):
        return False
    if scopes.get("system") or scopes.get("tenants") or scopes.get("tenant"):
        return True
    department = project.get("departmentId") or project.get("parentId")
    above = (("projects", project["id"]), ("departments", department), ("clusters", project["clusterId"]))
    return any(id_ and id_ in (scopes.get(kind) or ()) for kind, id_ in above)
