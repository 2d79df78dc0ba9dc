"""What is here: this tool, the git repository, the journal and its folder, the settings of CI."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path

from reconciler import __version__
from reconciler.declare import World
from reconciler.errors import ExitCode, FleetError
from reconciler.fleet import Fleet
from reconciler.history import History
from reconciler.hosts import NARROWING
from reconciler.journal import journal_folder, recalled
from reconciler.problem import Problem
from reconciler.provider import Finding


def tool_finding() -> Finding:
    """Tell which versions run."""
    return Finding(
        "tool", f"reconciler {__version__}, Python {platform.python_version()}, {platform.system()}"
    )


def repo_findings(root: Path | str, folders: Sequence[str] = ()) -> list[Finding]:
    """Tell which commit is checked out, whether the manifests are as it has them, and if it is whole."""
    try:
        history = History.open(root)
    except FleetError as refused:
        return [from_problem("repo", problem, ExitCode.REJECTED) for problem in refused.problems]
    if history is None:
        mend = "git init and commit: what is not in git's history is never pruned, and nobody reviews it"
        return [Finding("repo", f"{root} is no git repository with a commit", mend)]
    head = f"git {history.head.branch or 'detached'}@{history.head.commit[:7]}"
    is_edited = history.is_edited([Path(root) / folder for folder in folders])
    found = [Finding("repo", f"{head}, {'with edits that are not committed' if is_edited else 'clean'}")]
    if history.is_shallow:
        mend = "git fetch --unshallow; in CI actions/checkout with fetch-depth: 0, or GIT_DEPTH: 0"
        found.append(Finding("repo", f"{head} is a shallow clone: git cannot tell what may be pruned", mend))
    return found


async def journal_findings(fleet: Fleet, world: World, *, is_ci: bool) -> list[Finding]:
    """Tell where the journal lives, whether its remote answers, and whether its folder can be written."""
    _, notes = await recalled(fleet, clock=world.clock, environ=world.environ)
    found = [from_problem("journal", note, ExitCode.UNOBSERVED) for note in notes]
    if fleet.journal.is_shared and not notes:
        found = [Finding("journal", f"shared through the git remote {fleet.journal.remote}, which answers")]
    elif not fleet.journal.is_shared:
        mend = "write journal: {store: git}: this machine is gone after the job, and what it knew"
        found = [Finding("journal", "on this machine alone", mend if is_ci else "")]
    return [*found, _state(fleet, world)]


def _state(fleet: Fleet, world: World) -> Finding:
    """Tell whether the folder of the journal can be written, or made."""
    try:
        folder = journal_folder(fleet.id, world.environ)
    except FleetError as lacking:
        return from_problem("state", lacking.problems[0], ExitCode.REJECTED)
    there = next(place for place in (folder, *folder.parents) if place.exists())
    if there.is_dir() and os.access(there, os.W_OK | os.X_OK):
        return Finding("state", f"{folder} can be written")
    mend = "make it writable, or set XDG_STATE_HOME to a folder that is; apply writes nothing without it"
    return Finding("state", f"{there} cannot be written, so no journal can be kept", mend, ExitCode.REJECTED)


def ci_findings(environ: Mapping[str, str], is_ci: bool) -> list[Finding]:
    """Tell in CI whether a pull request could send the token elsewhere; nothing on a person's machine."""
    if not is_ci:
        return []
    if allowed := environ.get(NARROWING):
        return [Finding("ci", f"tokens go to {allowed} only ({NARROWING})")]
    mend = f"set {NARROWING} in the workflow to the hosts of the control plane and its clusters"
    return [Finding("ci", f"{NARROWING} is not set: who edits url could have the token sent there", mend)]


def from_problem(area: str, problem: Problem, code: ExitCode) -> Finding:
    """File a problem under an area."""
    place = f"{problem.location}: " if problem.location else ""
    mend = "\n".join(part for part in (problem.why, problem.hint) if part)
    return Finding(area, f"{place}{problem.what}", mend or f"reconciler explain {problem.code}", code)
