"""The kinds of Primus-SaFE as data: what the platform calls them and what it lets us do with them.

One file per kind holds the pydantic model of its spec and loads only when asked. Nothing here reaches
the network, plans or prints.
"""

from __future__ import annotations

from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.kind import Kind, Support
from reconciler.providers.primus_safe.kinds import aliases, claims, defaults, lints, rules, support
from reconciler.providers.primus_safe.kinds.canonical import canonical
from reconciler.providers.primus_safe.kinds.weight import gpus_of

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = ["KINDS"]


def _example(name: str) -> str:
    return (Path(__file__).parent / "examples" / f"{name}.yaml").read_text(encoding="utf-8")


def _spec(module: str, name: str) -> type[BaseModel]:
    """Load the model of a kind's spec from the kind's own file; pydantic loads only then."""
    model: type[BaseModel] = getattr(import_module(f"{__name__}.{module}"), name)
    return model


def _pattern(longest: int) -> str:
    return rf"^[a-z][-a-z0-9]{{0,{longest - 2}}}[a-z0-9]$"


def _rule(longest: int) -> str:
    return f"lower-case letters, digits and '-', first a letter, 2 to {longest}"


def _supported(by_stage: support.Stages, updatable: tuple[str, ...]) -> Support:
    return Support(
        updatable,
        stops=True,
        mark_rewritable=True,
        by_stage=by_stage,
        keeps_ended=True,
        keeps_record=False,
    )


_workload = partial(
    Kind,
    api_version="primus-safe/v1",
    provider="primus-safe",
    platform="Primus-SaFE",
    canonical=canonical,
    scope_word="workspace",
    default_of=defaults.default_of,
    check_sent=rules.check_times,
    gpus=gpus_of,
    claim=claims.claim_of,
    record_only=("/spec/annotations", "/spec/hostpath", "/spec/labels", "/spec/preheat"),
)

_of_44 = partial(_workload, name_pattern=_pattern(44), name_rule=_rule(44))
_of_40 = partial(_workload, name_pattern=_pattern(40), name_rule=_rule(40))
"""Names as long as the server says that they may be; it lets two more characters through."""

PYTORCH_JOB = _of_44(
    name="PyTorchJob",
    slug="pytorch-job",
    about="A job of pods that train together, the first of them the master; it ends by itself.",
    example=partial(_example, "pytorch-job"),
    model=partial(_spec, "pytorch_job", "PyTorchJobSpec"),
    support=_supported(support.JOB, support.ALWAYS),
    finishes=True,
    follows=("/spec/dependencies",),
    defaults=defaults.PYTORCH_JOB,
    check=rules.check_job,
    lint=lints.lint_job,
    called=("Training", "TrainingJob", "Train", "Job", "DistributedTraining"),
    aliases=aliases.PYTORCH_JOB,
    not_taken=aliases.NOT_TAKEN_BY_JOB,
)

DEPLOYMENT = _of_40(
    name="Deployment",
    about="A server of equal pods: most of it changes in place, a quarter of the pods at a time.",
    example=partial(_example, "deployment"),
    model=partial(_spec, "deployment", "DeploymentSpec"),
    support=_supported(support.APPLICATION, support.APPLICATION["1 started"]),
    defaults=defaults.APPLICATION,
    check=rules.check_application,
    lint=lints.lint_application,
    surge=claims.rolled,
    called=("Inference", "Serving", "Server", "Infer"),
    aliases=aliases.APPLICATION,
    not_taken=aliases.NOT_TAKEN_BY_APPLICATION,
)

STATEFUL_SET = _of_40(
    name="StatefulSet",
    about="A server of pods that each keep their name; most of it changes in place, pod after pod.",
    example=partial(_example, "stateful-set"),
    model=partial(_spec, "stateful_set", "StatefulSetSpec"),
    support=_supported(support.APPLICATION, support.APPLICATION["1 started"]),
    defaults=defaults.APPLICATION,
    check=rules.check_application,
    lint=lints.lint_application,
    called=("Stateful",),
    aliases=aliases.APPLICATION,
    not_taken=aliases.NOT_TAKEN_BY_APPLICATION,
)

AUTHORING = _of_44(
    name="Authoring",
    about="A machine of one pod to work in by hand: it sleeps until it is stopped.",
    example=partial(_example, "authoring"),
    model=partial(_spec, "authoring", "AuthoringSpec"),
    support=_supported(support.JOB, support.ALWAYS),
    defaults=defaults.AUTHORING,
    check=rules.check_authoring,
    lint=lints.lint_authoring,
    called=("Workspace", "Notebook", "Jupyter", "DevMachine", "Interactive"),
    aliases=aliases.AUTHORING,
    not_taken=aliases.NOT_TAKEN_BY_AUTHORING,
)

KINDS = (PYTORCH_JOB, DEPLOYMENT, STATEFUL_SET, AUTHORING)
