"""Say how a plan is taken back, and what does not come back by that: the last line of a plan."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.plan.change import Action, Change, Plan
from reconciler.report.safe import line
from reconciler.report.units import count
from reconciler.resource import StoppedBy

_ADOPTED = "what is adopted is deleted with its manifest, unless lifecycle.onRemove: Keep is applied first"
_KEEP_LIVE = "to keep what is live instead, write it in git"
_FEW = 3
"""So many deletes no guard asks about."""


def undo_words(plan: Plan) -> str:
    """Say how it is taken back, and what does not come back by that; "" where git asks for nothing."""
    if not plan.writes and plan.having(Action.REFUSED):
        return "Nothing of it is done as it stands: there is nothing to undo."
    from_git = [change for change in plan.writes if _is_asked_by_git(change)]
    put_back = [change for change in plan.writes if _is_put_back(change)]
    ways = _ways_of_git(from_git, plan) if from_git else []
    ways += _ways_to_keep(put_back, is_alone=not from_git) if put_back else []
    ways += [_ADOPTED] if any(map(_is_pruned_once_adopted, plan.having(Action.ADOPT))) else []
    lost = sum(len(change.impact.lost_volumes) for change in plan.writes if change.impact)
    gone = f"the data of {count(lost, 'lost volume')} does not come back" if lost else ""
    if not ways:
        return f"It cannot all be undone: {gone}." if gone else ""
    return f"To undo it: {'; '.join([*ways, gone] if gone else ways)}."


def _ways_of_git(from_git: Sequence[Change], plan: Plan) -> list[str]:
    """Say how what git brought is taken back, and what of it is not as before by that."""
    stays = [change for change in from_git if _outlives_its_manifest(change)]
    made = [change for change in from_git if change.action is Action.CREATE]
    if len(stays) == len(from_git):
        return [_way_of_kept(stays)]
    ways = [_way(from_git, plan)]
    if made and plan.is_edited and plan.commit:
        ways.append("what was never committed goes by --allow delete=KEY alone")
    ways += ["what was ended starts anew"] if any(change.is_destructive for change in from_git) else []
    return ways + (["what is kept or protected stays"] if stays else [])


def _way(from_git: Sequence[Change], plan: Plan) -> str:
    is_made = all(change.action is Action.CREATE for change in from_git)
    if is_made and not plan.commit:
        return _way_without_git(from_git, plan)
    if is_made:
        way = "take the manifests out of git again"
    else:
        way = "put the files back as they were" if _is_uncommitted(plan) else "git revert the change"
    asks = len(from_git) > _FEW or any(change.action is Action.REPLACE for change in from_git)
    asks |= is_made and plan.declared == len(from_git)  # then nothing is declared any more
    return f"{way}, then apply, with consent" if asks else f"{way}, then apply"


def _way_without_git(made: Sequence[Change], plan: Plan) -> str:
    """Name the consent: what git's history does not know is pruned by its key alone."""
    empties = plan.declared == len(made)
    if len(made) == 1:
        words = f"--allow delete={line(str(made[0].key))}"
        return f"take the manifest away, then apply with {words}{' --allow empty' if empties else ''}"
    more = ", and --allow empty" if empties else ""
    return f"take the manifests away, then apply with --allow delete=KEY for each{more}"


def _way_of_kept(stays: Sequence[Change]) -> str:
    """Say what has to be said in git before a manifest goes; all of these stay without."""
    if not all(change.kind is None or change.kind.support.carries_mark for change in stays):
        return "what is made stays when its manifest goes; lifecycle.state: Absent, with consent, deletes it"
    policies = [change.resource.lifecycle for change in stays if change.resource]
    fields = ["lifecycle.onRemove: Delete"] if any(each.on_remove != "Delete" for each in policies) else []
    fields += ["lifecycle.protect: false"] if any(each.protect for each in policies) else []
    stops = all(each.on_remove == "Stop" and not each.protect for each in policies)
    what = "is only stopped" if stops else "stays"
    return (
        f"what is made {what} when its manifest goes; to delete it, commit {' and '.join(fields)} first,"
        " then take the manifest out of git, then apply"
    )


def _ways_to_keep(put_back: Sequence[Change], *, is_alone: bool) -> list[str]:
    """Say what git has to say so that what was done to the live objects stays done."""
    if not is_alone:
        return ["to keep what was changed live instead, write it in git"]
    resumed = [change for change in put_back if change.action is Action.RESUME]
    may_be_of_git = not all(map(_was_person, resumed))  # lifecycle.onPlatformStop may have come with it
    return [_KEEP_LIVE if may_be_of_git else f"git did not change: {_KEEP_LIVE}"]


def _is_uncommitted(plan: Plan) -> bool:
    return plan.is_edited or not plan.commit


def _is_asked_by_git(change: Change) -> bool:
    """Tell whether git's change brings this about, and not what somebody did to the live object."""
    if change.action in (Action.RERUN, Action.ADOPT) or _is_put_back(change):
        return False
    return change.action is not Action.UPDATE or any(field.origin != "live" for field in change.fields)


def _is_put_back(change: Change) -> bool:
    """Tell whether only what was done to the live object is taken back; a secret's value is not in git."""
    if change.action is Action.CREATE:
        return _was_person(change) or _is_made_again(change)
    if change.action is Action.RESUME:
        return change.stopped_by is not None
    is_live = bool(change.fields) and all(field.origin == "live" for field in change.fields)
    is_spec = change.action in (Action.UPDATE, Action.REPLACE)
    return is_spec and is_live and not all(field.is_sensitive for field in change.fields)


def _was_person(change: Change) -> bool:
    return change.stopped_by is StoppedBy.PERSON


def _is_made_again(change: Change) -> bool:
    """Tell whether a manifest is older than the end of what it made: then somebody deleted that."""
    if change.gone_at is None or not change.commits:
        return False
    return change.commits[0].time < change.gone_at


def _is_pruned_once_adopted(change: Change) -> bool:
    """Tell whether what is adopted goes with its manifest: our mark makes it ours like any other."""
    policy = change.resource.lifecycle if change.resource else None
    return policy is not None and policy.on_remove == "Delete" and not policy.protect


def _outlives_its_manifest(change: Change) -> bool:
    if change.action is not Action.CREATE or change.resource is None:
        return False
    policy = change.resource.lifecycle
    carries_mark = change.kind is None or change.kind.support.carries_mark
    return policy.protect or policy.on_remove != "Delete" or not carries_mark
