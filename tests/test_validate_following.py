"""Jobs that a spec lists by name, for which the platform holds an object back, are found among manifests."""

from __future__ import annotations

import pytest

from reconciler.fleet import Fleet, Target
from reconciler.providers import kinds
from reconciler.validate import Validated, validate
from reconciler.yaml import parse

FLEET = Fleet(
    id="7f3a9c04d2b81e66",
    name="wattfield",
    file="reconciler.yaml",
    root="/fleet",
    targets={"safe": Target("safe", "primus-safe", "https://safe.wattfield.example")},
    vars=("JOB",),
)
RESOURCE = 'resource: {replica: 1, cpu: "8", memory: 64Gi}'


def job(name: str, *needs: str, workspace: str = "train", kind: str = "PyTorchJob") -> str:
    needed = f"  dependencies: [{', '.join(needs)}]\n" if needs else ""
    return (
        f"apiVersion: primus-safe/v1\nkind: {kind}\nmetadata: {{name: {name}, workspace: {workspace}}}\n"
        f"spec:\n  image: a:1\n  entryPoint: python {name}.py\n  {RESOURCE}\n{needed}"
    )


def checked(*texts: str) -> Validated:
    return validate(parse("---\n".join(texts).encode(), "jobs.yaml").documents, FLEET, kinds=kinds())


def test_a_name_leads_to_the_job_of_that_name_in_the_same_workspace() -> None:
    found = checked(job("prep"), job("prep", workspace="other"), job("train", "prep"))

    assert not found.problems
    (train,) = [one for one in found.resources if one.key.name == "train"]
    assert [str(key) for key in train.follows] == ["train/PyTorchJob/prep"]
    assert train.depends_on == ()


@pytest.mark.parametrize(
    ("texts", "code", "what", "hint", "line"),
    [
        (
            (job("prep"), job("train", "perp")),
            "RC121",
            'no job "perp" is declared in train',
            'did you mean "prep"?',
            16,
        ),
        (
            (job("train", "elsewhere"), job("elsewhere", workspace="other")),
            "RC121",
            'no job "elsewhere" is declared in train',
            "declare it, or delete the reference",
            8,
        ),
        (
            (job("train", "train"),),
            "RC122",
            "train/PyTorchJob/train depends on itself",
            "delete the reference",
            8,
        ),
        (
            (job("chat", kind="Deployment"), job("train", "chat")),
            "RC107",
            "Deployment/chat never finishes, so that this would wait for ever",
            "write dependsOn: [{kind: Deployment, name: chat}], which waits until it is healthy",
            16,
        ),
        (
            (job("train", '"${{ vars.JOB }}"'),),
            "RC104",
            "spec.dependencies[0] is filled in later; which jobs come first must stand in the manifest",
            "write the name of the job's manifest",
            8,
        ),
    ],
)
def test_a_name_that_leads_nowhere_is_an_error(
    texts: tuple[str, ...], code: str, what: str, hint: str, line: int
) -> None:
    problem = checked(*texts).problems[0]

    assert (problem.code, problem.what, problem.hint) == (code, what, hint)
    assert problem.location
    assert problem.location.line == line


def test_jobs_that_wait_for_each_other_are_an_error() -> None:
    (problem,) = checked(job("first", "second"), job("second", "first")).problems

    assert problem.code == "RC122"
    assert "train/PyTorchJob/first → train/PyTorchJob/second → train/PyTorchJob/first" in problem.what
    assert problem.location


def test_a_job_whose_own_manifest_is_broken_is_not_called_undeclared() -> None:
    broken = job("prep").replace("image: a:1", "image: 1")

    found = checked(broken, job("train", "prep"))

    assert {problem.code for problem in found.problems} == {"RC104"}
