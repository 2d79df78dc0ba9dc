"""Bugs planted in the provider of Primus-SaFE: each would cost somebody a run, or run something twice."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

_SAFE = "providers/primus_safe"
_TESTS = "tests/providers/primus_safe"
_SCENES = "tests/scenarios/primus_safe"

PRIMUS_SAFE = (
    Mutant(
        "the copy of another user is taken for ours",
        f"{_SAFE}/cloning.py",
        "if row.is_by_us and row.key.kind ==",
        "if row.key.kind ==",
        (f"{_TESTS}/test_cloning.py",),
    ),
    Mutant(
        "a mark counts on another user's workload",
        f"{_SAFE}/wire.py",
        "is_ours = bool(maker) and maker == user_id",
        "is_ours = bool(maker)",
        (f"{_SCENES}/test_bars.py",),
    ),
    Mutant(
        "a copy keeps the mark of its original",
        f"{_SAFE}/cloning.py",
        "                if found.mark is None:\n",
        "                if found.mark is not None:\n",
        (f"{_TESTS}/test_cloning.py",),
    ),
    Mutant(
        "a run that has ended is stopped",
        f"{_SAFE}/writing.py",
        '        self._check_alive(observed, "stop")\n',
        "",
        (f"{_TESTS}/test_habits.py",),
    ),
    Mutant(
        "a batch stops what has ended",
        f"{_SAFE}/writing.py",
        "alive = [one for one in several if one.summary.phase not in ENDED]",
        "alive = [*several]",
        (f"{_TESTS}/test_habits.py",),
    ),
    Mutant(
        "a batch is sent with an empty list",
        f"{_SAFE}/writing.py",
        "        if alive:\n",
        "        if True:\n",
        (f"{_TESTS}/test_habits.py",),
    ),
    Mutant(
        "an empty batch reaches the server, which breaks on it",
        f"{_SAFE}/api.py",
        '        if not ids:\n            raise Misshapen(f"nothing',
        '        if False:\n            raise Misshapen(f"nothing',
        (f"{_TESTS}/test_habits.py",),
    ),
    Mutant(
        "a job starts although the one before it failed or is not there",
        f"{_SAFE}/writing.py",
        "if len(alive) == 1 or (not alive and any(row.life is Life.FINISHED for row in told)):",
        "if len(alive) == 1 or not alive:",
        (f"{_TESTS}/test_following.py",),
    ),
    Mutant(
        "a dependency that is over is sent, which no server finds",
        f"{_SAFE}/writing.py",
        "alive = [row.id for row in told if row.phase not in ENDED]",
        "alive = [row.id for row in told]",
        (f"{_TESTS}/test_following.py",),
    ),
    Mutant(
        "the settle window is skipped",
        f"{_SAFE}/provider.py",
        "settle_s = 30.0  # well",
        "settle_s = 0.0  # well",
        (f"{_SCENES}/test_bars.py",),
    ),
    Mutant(
        "the id of a workload is chosen by us",
        f"{_SAFE}/body.py",
        '        "displayName": resource.key.name,\n',
        '        "displayName": resource.key.name,\n        "workloadId": resource.key.name,\n',
        (f"{_TESTS}/test_habits.py",),
    ),
    Mutant(
        "N pods are read back as the workers alone",
        f"{_SAFE}/body.py",
        'sum(whole(one, "replica") for one in groups)',
        'whole(groups[-1], "replica")',
        (f"{_TESTS}/test_generations.py",),
    ),
    Mutant(
        "a start that is past is sent",
        f"{_SAFE}/kinds/rules.py",
        "        if at <= now:\n",
        "        if False:\n",
        (f"{_TESTS}/test_refusals.py",),
    ),
    Mutant(
        "a row whose run is over counts as live",
        f"{_SAFE}/history.py",
        "return [row for row in rows if row.phase not in ENDED or row.id in kept]\n\n\ndef recent",
        "return rows\n\n\ndef recent",
        (f"{_TESTS}/test_history.py",),
    ),
    Mutant(
        "one answer that an object is gone is believed",
        f"{_SAFE}/reading.py",
        "            await self._confirm_gone(summary)\n            return None",
        "            return None",
        ("tests/providers/test_contract.py",),
    ),
    Mutant(
        "a success that a stop wrote over runs again",
        f"{_SAFE}/phases.py",
        "if phase in ENDED and _SUCCEEDED in conditions:",
        "if False:",
        (f"{_TESTS}/test_health.py",),
    ),
    Mutant(
        "rows of the second in which a page ended are lost",
        f"{_SAFE}/sweep.py",
        "min(_created(row) for row in page.rows) + _SLACK",
        "min(_created(row) for row in page.rows) - _SLACK",
        (f"{_TESTS}/test_sweep.py",),
    ),
    Mutant(
        "a list that is shorter than its count is believed",
        f"{_SAFE}/sweep.py",
        "if len(page.rows) == min(page.total, limit):",
        "if True:",
        (f"{_TESTS}/test_sweep.py",),
    ),
    Mutant(
        "something is written to a server that is not known",
        f"{_SAFE}/writing.py",
        "        if generation is None:\n",
        "        if False:\n",
        (f"{_TESTS}/test_generations.py",),
    ),
    Mutant(
        "rows of another workspace are believed",
        f"{_SAFE}/wire.py",
        'if text(row, "workspaceId") != scope.id:',
        "if False:",
        ("tests/providers/test_contract.py",),
    ),
    Mutant(
        "a mark of a later version is read as ours",
        f"{_SAFE}/marks.py",
        'is_known = last["version"] == VERSION',
        "is_known = True",
        (f"{_TESTS}/test_marks.py",),
    ),
    Mutant(
        "the oldest run of a key counts, not the newest",
        f"{_SAFE}/history.py",
        "if known is None or _age(row) > _age(known):",
        "if known is None or _age(row) < _age(known):",
        ("tests/soak/primus_safe/test_nights.py",),
    ),
)
