"""One input, one plan: whatever order it is written, listed, hashed or read in, wherever the machine stands.

The bytes of `plan -o json` name the places of manifests; where those move, all else is compared.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import cycle
from typing import Any

import pytest

from reconciler.declare import Request, declare
from reconciler.emulator.faults import Fault
from reconciler.errors import ExitCode
from reconciler.plan import Action, Plan, make_plan
from reconciler.plan.known import Known
from reconciler.providers.runai.sweep import sweep
from reconciler.reconcile import Session
from reconciler.report.jsonform import json_text, plan_document
from reconciler.resolve import place, resolve
from reconciler.resource import Live, Resource
from reconciler.yaml import parse
from tests.architecture.house import ROOT
from tests.scenarios.oracle import EVERY_KIND, LIST, a_sleeper, every_kind
from tests.scenarios.stage import Stage, staged

SPELLINGS, READINGS = 100, 10
ZONES = ("UTC", "Asia/Kathmandu", "America/St_Johns", "Pacific/Kiritimati")
MACHINES = (
    {"PYTHONHASHSEED": "0"},
    {"PYTHONHASHSEED": "1", "TZ": "Asia/Kathmandu", "LANG": "C"},
    {"PYTHONHASHSEED": "2", "TZ": "America/St_Johns", "LC_ALL": "C.UTF-8"},
    {"PYTHONHASHSEED": "3", "LC_ALL": "POSIX", "PYTHONUTF8": "0"},
    {"PYTHONHASHSEED": "4294967295", "TZ": "Pacific/Kiritimati", "LANG": "tr_TR.UTF-8", "LC_ALL": "de_DE"},
)


@dataclass(frozen=True)
class Scenery:
    """Hold a fleet where everything happens at once, what was read of it, and its manifests as values."""

    stage: Stage
    lives: Mapping[str, Live]
    known: Known
    wanted: tuple[Any, ...]
    digest: str


@pytest.fixture(scope="module")
def scenery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenery]:
    with staged(tmp_path_factory.mktemp("determinism") / "repo") as stage:
        more = {name: a_sleeper(name, project="team-b") for name in ("b1", "b2", "b3", "gone1", "gone2")}
        every_kind(stage).write(**more).apply()
        texts = {name: a_sleeper(name, kind, image="busybox:2") for name, kind in EVERY_KIND.items()}
        texts |= {
            "b1": a_sleeper("b1", project="team-b"),
            "b2": a_sleeper("b2", project="team-b", image="x:1"),
        }
        texts |= {name: a_sleeper(name, project="team-b") for name in ("b3", "new1", "new2")}
        for name in ("ours1", "ours2"):
            spec = {"image": "x"}
            stage.emulator.world.add_workload(
                kind="Training", project="team-b", name=name, spec=spec, created_by="mina"
            )
        stage.remove("gone1", "gone2").write(**texts)
        lives, known, plan = read(stage)
        documents = tuple(parse(text.encode(), "m.yaml").documents[0].value for text in texts.values())
        yield Scenery(stage, lives, known, documents, plan.digest)


def read(stage: Stage) -> tuple[Mapping[str, Live], Known, Plan]:
    """Read once what every variant plans from."""

    async def act(session: Session) -> tuple[Mapping[str, Live], Known, Plan]:
        plan = (await session.plan()).plan
        declared = [change.resource for change in plan.changes if change.resource]
        return session._lives, session._known(session._lives, declared, is_reading=True), plan

    return stage.run(act)


# -- in another order --------------------------------------------------------------------------------


def shuffled(tree: Any, chance: random.Random) -> Any:
    """Give the same value with its keys in another order."""
    if isinstance(tree, Mapping):
        return {key: shuffled(tree[key], chance) for key in chance.sample(list(tree), len(tree))}
    return [shuffled(item, chance) for item in tree] if isinstance(tree, list) else tree


def mixed(items: Mapping[Any, Any], chance: random.Random) -> dict[Any, Any]:
    return {key: items[key] for key in chance.sample(list(items), len(items))}


def read_otherwise(live: Live, chance: random.Random) -> Live:
    """Give what was read with rows, scopes, details and the keys in them in another order."""
    scopes = {
        name: replace(
            seen,
            rows=tuple(chance.sample(seen.rows, len(seen.rows))),
            deleted=tuple(chance.sample(seen.deleted, len(seen.deleted))),
        )
        for name, seen in mixed(live.scopes, chance).items()
    }
    details = {
        id_: replace(seen, spec=shuffled(seen.spec, chance), record=shuffled(seen.record, chance))
        for id_, seen in mixed(live.details, chance).items()
    }
    return replace(live, scopes=scopes, details=details)


def spelled_otherwise(scenery: Scenery, chance: random.Random) -> list[Resource]:
    """Write the manifests into files of any names, in any order and spelling, and read them."""
    folder = scenery.stage.root / "manifests"
    shutil.rmtree(folder)
    folder.mkdir()
    files: dict[str, list[str]] = {}
    for document in chance.sample(scenery.wanted, len(scenery.wanted)):
        text = json.dumps(shuffled(document, chance), indent=chance.choice([None, 1, 4]))
        files.setdefault(chance.choice(["a", "b", "sub/c", "sub/d", "z/y/e"]), []).append(text)
    for name, texts in files.items():
        path = folder / f"{name}{chance.choice(['.yaml', '.yml'])}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n# more\n---\n".join(texts))
    world = scenery.stage.world()
    declared = declare(Request(), world)
    found = resolve(declared.resources, declared.fleet, world.environ, need_secrets=False)
    assert (*declared.problems, *found.problems) == ()
    scopes = [seen.scope for seen in scenery.lives["prod"].scopes.values()]
    placed, _ = place(found.resources, scopes, declared.fleet.targets["prod"])
    return chance.sample(placed, len(placed))


def bytes_of(plan: Plan, *, with_places: bool = True) -> str:
    document = plan_document(plan, exit_code=ExitCode.IN_ORDER)
    return json_text(document if with_places else without_places(document))


def without_places(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: without_places(value) for key, value in tree.items() if key != "source"}
    return [without_places(item) for item in tree] if isinstance(tree, list) else tree


# -- the laws ----------------------------------------------------------------------------------------


def test_the_scenery_has_a_change_of_every_kind(scenery: Scenery) -> None:
    plan = make_plan(spelled_otherwise(scenery, random.Random(0)), scenery.lives, scenery.known)

    assert {change.action for change in plan.changes} == {
        Action.CREATE, Action.UPDATE, Action.REFUSED, Action.DELETE, Action.KEEP,
    }  # fmt: skip
    assert len(plan.strangers) == 2
    assert sum(len(seen.rows) for seen in scenery.lives["prod"].scopes.values()) >= 14


def test_a_thousand_ways_to_write_and_to_read_one_fleet_give_one_plan(
    scenery: Scenery, monkeypatch: pytest.MonkeyPatch
) -> None:
    plans, digests, zones = set(), set(), cycle(ZONES)
    for seed in range(SPELLINGS):
        chance, texts = random.Random(seed), set()
        wanted = spelled_otherwise(scenery, chance)
        for _ in range(READINGS):
            monkeypatch.setenv("TZ", next(zones))
            time.tzset()
            lives = {name: read_otherwise(live, chance) for name, live in scenery.lives.items()}
            known = replace(scenery.known, ancestors=mixed(scenery.known.ancestors, chance))
            plan = make_plan(chance.sample(wanted, len(wanted)), lives, known)
            texts.add(bytes_of(plan))
            digests.add(plan.digest)
        assert len(texts) == 1, seed
        plans.add(bytes_of(make_plan(wanted, scenery.lives, scenery.known), with_places=False))
    monkeypatch.undo()
    time.tzset()

    assert len(plans) == 1
    assert digests == {scenery.digest}


@pytest.fixture
def at_rest(scenery: Scenery) -> Scenery:
    """Have the manifests as they are committed, and a platform without tricks."""
    scenery.stage.git("checkout", "-q", "--", ".")
    scenery.stage.git("clean", "-fdq")
    scenery.stage.emulator.faults.clear()
    return scenery


def rows_in_another_order(seed: int) -> Callable[[Any], Any]:
    def mutate(body: Any) -> Any:
        chance = random.Random(seed)
        rows = body["workloads"]
        return shuffled({**body, "workloads": chance.sample(rows, len(rows))}, chance)

    return mutate


def keys_in_another_order(seed: int) -> Callable[[Any], Any]:
    return lambda body: shuffled(body, random.Random(seed))


def test_the_platform_may_answer_in_any_order(at_rest: Scenery) -> None:
    stage = at_rest.stage
    texts = {bytes_of(stage.plan().plan)}
    for seed in range(12):
        stage.emulator.faults.clear()
        stage.emulator.faults.add(
            Fault(LIST, kind="mutate", mutate=rows_in_another_order(seed), forever=True)
        )
        details = "GET /api/v1/workloads/[a-z-]+/[0-9a-f-]{36}"
        stage.emulator.faults.add(
            Fault(details, kind="mutate", mutate=keys_in_another_order(seed), forever=True)
        )
        texts.add(bytes_of(stage.plan().plan))
        assert {fired.path for fired in stage.emulator.faults.fired}

    assert len(texts) == 1
    assert at_rest.digest in texts.pop()


def test_pages_may_have_any_size(at_rest: Scenery, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {bytes_of(at_rest.stage.plan().plan)}
    for limit in (2, 3, 4, 5, 7, 11):
        monkeypatch.setitem(sweep.__kwdefaults__ or {}, "limit", limit)
        since = at_rest.stage.emulator.ledger.mark()
        texts.add(bytes_of(at_rest.stage.plan().plan))
        asked = [entry.query for entry in at_rest.stage.emulator.ledger.since(since)]
        assert any(f"limit={limit}&" in f"{query}&" for query in asked)

    assert len(texts) == 1


def test_other_machines_write_the_same_bytes(at_rest: Scenery) -> None:
    written = {planned_by(at_rest.stage, machine) for machine in MACHINES}

    assert len(written) == 1
    assert json.loads(written.pop())["digest"] == at_rest.digest


def planned_by(stage: Stage, machine: Mapping[str, str]) -> bytes:
    """Run `plan -o json` in a process of its own, on a machine that is set up otherwise."""
    environ = {**stage.environ, "PYTHONPATH": str(ROOT), **machine}
    done = subprocess.run(
        [sys.executable, "-m", "reconciler", "plan", "-o", "json"],
        cwd=stage.root,
        env=environ,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
