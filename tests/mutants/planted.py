"""The bugs that are planted, one row each: each would cost somebody a run, or run something twice."""

from __future__ import annotations

from tests.mutants.live import LIVE
from tests.mutants.mutant import Mutant
from tests.mutants.primus_safe import PRIMUS_SAFE

_PLAN = "tests/test_plan.py"
_APPLY = "tests/test_apply.py"
_BARS = "tests/scenarios/primus_safe/test_bars.py"
_SAFE_CRASHES = "tests/soak/primus_safe/test_crashes.py"

_CORE = (
    Mutant(
        "a completed job runs again by run: OnFailure",
        "plan/finished.py",
        '(lifecycle.run == "OnFailure" and is_failed, ',
        '(lifecycle.run == "OnFailure", ',
        ("tests/scenarios/test_rerun.py",),
    ),
    Mutant(
        "a runId that left git is a new run",
        "plan/finished.py",
        "is_new = mark is not None and lifecycle.run_id and lifecycle.run_id != mark.run_id",
        "is_new = mark is not None and lifecycle.run_id != mark.run_id",
        ("tests/scenarios/test_rerun.py",),
    ),
    Mutant(
        "a new canonical form runs every job again",
        "plan/finished.py",
        'return was.partition(":")[0] == now.partition(":")[0] and not is_same_digest(was, now)',
        "return not is_same_digest(was, now)",
        (_PLAN,),
    ),
    Mutant(
        "a job older than the platform's memory is created",
        "plan/known.py",
        "return not -SKEW <= age <= MEMORY",
        "return False",
        ("tests/scenarios/test_memory.py",),
    ),
    Mutant(
        "a new fleet in an old repository starts nothing",
        "plan/gone.py",
        "            if any(mark is not None and mark.fleet_id == known.fleet_id for mark in marks):\n"
        "                return True\n    return False",
        "            if any(mark is not None and mark.fleet_id == known.fleet_id for mark in marks):\n"
        "                return True\n    return True",
        ("tests/scenarios/test_memory.py",),
    ),
    Mutant(
        "a deleted row of another fleet counts as ours",
        "plan/gone.py",
        "return mark is not None and mark.fleet_id != known.fleet_id",
        "return False",
        ("tests/scenarios/test_memory.py", "tests/scenarios/test_finished.py", _PLAN),
    ),
    Mutant(
        "a missing job that was killed, not finished, is kept as finished",
        "plan/gone.py",
        "    if last is not None and last.completed_at is None:\n        return create\n",
        "",
        ("tests/scenarios/test_memory.py", "tests/scenarios/test_finished.py", _PLAN),
    ),
    Mutant(
        "what nobody knows who stopped is resumed",
        "plan/stopped.py",
        "if stopped.by is StoppedBy.PERSON:",
        "if stopped.by is not StoppedBy.PLATFORM:",
        ("tests/plan/test_stopped.py",),
    ),
    Mutant(
        "a protected object is stopped",
        "plan/stopped.py",
        "    if is_protected:\n",
        "    if is_protected and False:\n",
        ("tests/plan/test_stopped.py",),
    ),
    Mutant(
        "a stop is no end that the guard counts",
        "plan/change.py",
        "return self in (Action.REPLACE, Action.STOP, Action.DELETE)",
        "return self in (Action.REPLACE, Action.DELETE)",
        ("tests/plan/test_stopped.py", "tests/scenarios/test_stop.py"),
    ),
    Mutant(
        "lifecycle.adopt takes what another fleet owns",
        "plan/adopt.py",
        "if owner is Owner.FOREIGN and observed.mark:",
        "if owner is Owner.FOREIGN and observed.mark and not _adopted_id(change):",
        ("tests/plan/test_adopt.py",),
    ),
    Mutant(
        "lifecycle.adopt takes whatever has the name",
        "plan/adopt.py",
        "if named == observed.id or (",
        "if named or (",
        ("tests/plan/test_adopt.py",),
    ),
    Mutant(
        "an object that another made meanwhile is written to",
        "apply/check.py",
        "if before is None or now.id != before.id:",
        "if before is None:",
        (_APPLY, "tests/scenarios/test_adopt.py"),
    ),
    Mutant(
        "an object that lost our mark meanwhile is written to",
        "apply/check.py",
        "if owner is not expected and _carries_mark(change):",
        "if False:",
        (_APPLY, "tests/scenarios/test_ownership.py"),
    ),
    Mutant(
        "a live object that history does not know is pruned",
        "plan/removed.py",
        "if last is None and is_live and not allowed:",
        "if False:",
        (_PLAN, "tests/scenarios/test_prune.py"),
    ),
    Mutant(
        "what a commit made that HEAD lacks is pruned",
        "plan/removed.py",
        "if known.has_history and not known.ancestors.get(mark.commit, False) and not allowed:",
        "if False:",
        (_PLAN, "tests/scenarios/test_prune.py"),
    ),
    Mutant(
        "a lost answer on a name that may repeat is sent again",
        "apply/write.py",
        "if may_resend and self._has_unique_name and not self.tools.stop.requested:",
        "if may_resend and not self.tools.stop.requested:",
        (_APPLY, "tests/scenarios/test_lost_answers.py"),
    ),
    Mutant(
        "reruns do not count against the limit of creates",
        "guard.py",
        "count = len(plan.having(Action.CREATE, Action.RERUN))",
        "count = len(plan.having(Action.CREATE))",
        ("tests/test_guard.py", "tests/scenarios/test_rerun.py"),
    ),
    Mutant(
        "the digest of a plan does not see which object is live",
        "plan/digest.py",
        'return {"id": observed.id, "life": observed.summary.life.value}',
        'return {"life": observed.summary.life.value}',
        ("tests/test_saved.py", "tests/scenarios/test_digest.py"),
    ),
    Mutant(
        "a living lease is taken",
        "journal/hold.py",
        "if before.is_held and not before.is_expired(now, timeout_s):",
        "if False:",
        ("tests/test_lease.py",),
    ),
    Mutant(
        "a push overwrites what another wrote into the ref",
        "journal/ref.py",
        'guard = f"--force-with-lease={self.name}:{old}"',
        'guard = "--force"',
        ("tests/test_lease.py",),
    ),
    Mutant(
        "a changed byte of a saved plan is let through",
        "plan/saved/seal.py",
        "if _digest(data[:start] + UNSEALED.encode() + _TAIL) != seal:",
        "if False:",
        ("tests/test_saved.py", "tests/cli/test_saved_plans.py"),
    ),
    Mutant(
        "a saved plan is applied twice",
        "plan/saved/binding.py",
        "if nonce in here.used:",
        "if False:",
        ("tests/test_saved.py", "tests/scenarios/test_saved_plans.py"),
    ),
    Mutant(
        "a replacement that was cut off is forgotten",
        "journal/records.py",
        'if intent.action == REPLACING and state != "failed":',
        "if False:",
        ("tests/test_journal.py",),
    ),
    Mutant(
        "what a kept object needs is deleted under it",
        "plan/needed.py",
        "if need in doomed and not known.consents.allows_delete(need)",
        "if False",
        ("tests/plan/test_needed.py", "tests/scenarios/test_delete_order.py"),
    ),
    Mutant(
        "what a running object needs is replaced under it",
        "plan/needed.py",
        "if not users or not is_meant:",
        "if True:",
        ("tests/plan/test_needed.py",),
    ),
    Mutant(
        "what others need is deleted before them",
        "apply/run.py",
        "if second in one.needs:",
        "if False:",
        ("tests/scenarios/test_delete_order.py",),
    ),
    Mutant(
        "a name is taken that its holder keeps",
        "plan/declared.py",
        "if removal.action is not Action.DELETE:",
        "if False:",
        ("tests/plan/test_kind_change.py", "tests/scenarios/test_kind_change.py"),
    ),
    Mutant(
        "an object that a batch's answer leaves out counts as stopped",
        "apply/send.py",
        "error = answers.get(id_, unsaid)",
        "error = answers.get(id_)",
        ("tests/scenarios/test_halt_together.py",),
    ),
    Mutant(
        "a shallow clone tells how old a job is",
        "history/ages.py",
        "elif not history.is_shallow:",
        "elif history.is_shallow or True:",
        ("tests/scenarios/test_memory.py",),
    ),
    Mutant(
        "nothing is looked up before a create where names repeat",
        "apply/write.py",
        "older = frozenset[str]() if self._has_unique_name else await self._prove_absence()",
        "older = frozenset[str]()",
        (_BARS,),
    ),
    Mutant(
        "what a broken run made for another spec is in nobody's way",
        "apply/check.py",
        "or (not is_leaving and _owner(found, fleet_id) is Owner.OURS)",
        "and not is_leaving",
        (_BARS,),
    ),
    Mutant(
        "a run that broke off is not waited for where reads lag",
        "apply/lag.py",
        "if memory.ended_clean:",
        "if memory.ended_clean or True:",
        (_SAFE_CRASHES,),
    ),
)

PLANTED = (*_CORE, *PRIMUS_SAFE, *LIVE)
