"""`plan --out` and `apply --plan`: what was saved is carried out once and exactly, or nothing is changed."""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from reconciler.cli.saved import LARGEST, load_plan, plan_in
from reconciler.report.planschema import plan_schema
from tests.cli.scene import Said, Scene

OLD, NEW = "image: a:1\nservingPort: {container: 8000}", "image: a:2\nservingPort: {container: 8000}"
WITH_TOKEN = "image: busybox:1\nenvironmentVariables: [{name: T, value: '${{ secrets.HF_TOKEN }}'}]"
LIST = r"GET /api/v1/workloads\?filterBy=projectId(?!.*deleted=true).*"
APPLY = ("apply", "--yes", "--plan", "p.json")


@pytest.fixture
def scene(plain: Scene) -> Scene:
    """Set a scene where one object is to be created and nothing is live."""
    return plain.declare("new")


@pytest.fixture
def running(scene: Scene) -> Scene:
    """Set a scene where one object is to be changed, one to be created, and one kept."""
    scene.remove("new").declare("job", more=WITH_TOKEN).declare("chat", kind="Inference", more=OLD)
    assert scene.types("apply", "--yes").code == 0
    return scene.declare("chat", kind="Inference", more=NEW).declare("new")


@pytest.fixture
def saved(scene: Scene) -> Scene:
    """Save the plan that creates."""
    assert scene.types("plan", "--out", "p.json").code == 0
    return scene


@pytest.fixture
def reviewed(running: Scene) -> Scene:
    """Save the plan that changes, creates and keeps."""
    assert running.types("plan", "--out", "p.json").code == 0
    return running


def file_of(scene: Scene, name: str = "p.json") -> Path:
    return scene.root / name


def live(scene: Scene) -> dict[str, Any]:
    return {one.name: one for one in scene.emulator.world.live("team-a")}


def asked(scene: Scene) -> list[str]:
    """List every request that the last command line sent, sign-in included."""
    return [entry.path for entry in scene.emulator.ledger.entries if entry.seq > scene.sent]


def is_stale(scene: Scene, said: Said, code: str) -> bool:
    assert scene.changes == []
    assert (said.code, said.last) == (7, "reconciler: stale (exit 7)"), said.text
    assert "Nothing was changed." in said.err
    return f"error[{code}]: " in said.err


def resealed(document: dict[str, Any]) -> bytes:
    """Write a document as whoever wants to deceive would: with a seal that fits."""
    document = {**document, "saved": {**document["saved"], "seal": "0" * 64}}
    data = (json.dumps(document, indent=2) + "\n").encode()
    return data.replace(b"0" * 64, hashlib.sha256(data).hexdigest().encode())


# -- carried out -------------------------------------------------------------------------------------


def test_what_was_saved_is_what_is_done(reviewed: Scene) -> None:
    said = reviewed.types(*APPLY)

    assert said.code == 0, said.text
    assert len(reviewed.changes) == 2
    assert live(reviewed)["chat"].spec["image"] == "a:2"
    assert set(live(reviewed)) == {"chat", "job", "new"}
    assert reviewed.types("plan", "--exit-code").code == 0


def test_the_plan_says_how_to_apply_it_and_until_when(scene: Scene) -> None:
    said = scene.types("plan", "--out", "p.json")

    assert "To do it: reconciler apply --plan p.json" in said.out
    assert "saved the plan in p.json, good until WHEN" in said.err


def test_the_file_is_the_document_with_what_binds_it(reviewed: Scene) -> None:
    document = json.loads(file_of(reviewed).read_text())
    plain = json.loads(reviewed.types("plan", "-o", "json").out)

    Draft202012Validator(plan_schema()).validate(document)
    block = document.pop("saved")
    assert document == plain
    assert block["urls"] == {"prod": reviewed.emulator_url}
    assert set(block["fingerprints"]) == {"prod:team-a/Inference/chat", "prod:team-a/Training/new"}


def test_nobody_else_may_read_it_and_no_half_of_it_is_left(saved: Scene) -> None:
    assert stat.S_IMODE(file_of(saved).stat().st_mode) == 0o600
    file_of(saved).chmod(0o644)

    saved.types("plan", "--out", "p.json")

    assert stat.S_IMODE(file_of(saved).stat().st_mode) == 0o600
    assert [name for name in os.listdir(saved.root) if "part" in name] == []


def test_two_plans_of_one_input_differ_in_when_and_by_what_they_are_told_apart(reviewed: Scene) -> None:
    once = json.loads(file_of(reviewed).read_text())
    reviewed.later(60)
    reviewed.types("plan", "--out", "p.json")
    twice = json.loads(file_of(reviewed).read_text())

    for document in (once, twice):
        for name in ("created", "expires", "nonce", "seal"):
            document["saved"][name] = ""
    assert once == twice


def test_no_secret_is_in_it(reviewed: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "another-value-for-tests")

    reviewed.types("plan", "--out", "p.json")

    text = file_of(reviewed).read_text()
    assert "/spec/environmentVariables/name=T" in text
    assert "value-for-tests" not in text
    assert "demo-secret" not in text


def test_the_words_of_the_plan_are_said_again(running: Scene) -> None:
    running.declare("other", project="team-b").remove("job")
    running.types("plan", "-p", "team-a", "Inference/chat", "--out", "p.json")

    said = running.types(*APPLY)

    assert said.code == 0, said.text
    assert len(running.changes) == 1
    assert set(live(running)) == {"chat", "job"}


def test_a_consent_is_saved_wherever_it_was_said(running: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    running.declare("job", more="image: busybox:2")
    monkeypatch.setenv("RECONCILER_ALLOW", "replace=team-a/Training/job")
    assert "replace  team-a/Training/job" in running.types("plan", "--out", "p.json").out
    monkeypatch.delenv("RECONCILER_ALLOW")

    assert running.types(*APPLY).code == 0
    assert live(running)["job"].spec["image"] == "busybox:2"


def test_a_consent_of_now_is_none_of_the_plan(running: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    running.declare("job", more="image: busybox:2").types("plan", "--out", "p.json")
    monkeypatch.setenv("RECONCILER_ALLOW", "replace=team-a/Training/job")

    said = running.types(*APPLY)

    assert said.code == 9, said.text
    assert live(running)["job"].spec["image"] == "busybox:1"


def test_a_run_that_was_asked_for_is_said_again(scene: Scene) -> None:
    scene.declare("new", more="image: busybox:1\ncommand: sleep\nargs: '5'").types("apply", "--yes")
    scene.later(60)
    (first,) = live(scene).values()
    scene.types("plan", "--out", "p.json", "--run", "Training/new")

    assert scene.types(*APPLY).code == 0

    assert scene.changes == [f"/api/v1/workloads/trainings/{first.id}", "/api/v1/workloads/trainings"]


def test_no_prune_is_said_again(running: Scene) -> None:
    running.remove("job").types("plan", "--no-prune", "--out", "p.json")

    assert running.types(*APPLY).code == 0
    assert "job" in live(running)


def test_the_expected_digest_holds_as_well(saved: Scene) -> None:
    digest = json.loads(file_of(saved).read_text())["digest"]

    assert is_stale(saved, saved.types(*APPLY, "--expect-digest", "0" * 8), "RC309")
    assert saved.types(*APPLY, "--expect-digest", digest).code == 0


def test_a_plan_with_nothing_to_do_does_nothing_as_often_as_asked(saved: Scene) -> None:
    saved.types(*APPLY)
    saved.types("plan", "--out", "p.json")

    assert [saved.types(*APPLY).code for _ in range(2)] == [0, 0]
    assert saved.changes == []


def test_what_a_guard_refused_then_it_refuses_now(scene: Scene) -> None:
    scene.write(
        "reconciler.yaml",
        file_of(scene, "reconciler.yaml").read_text() + "guard: {maxCreate: {count: 0, percent: 0}}\n",
    )
    assert scene.types("plan", "--out", "p.json").code == 8

    said = scene.types(*APPLY)

    assert said.code == 8
    assert "RC303" in said.err
    assert scene.changes == []


# -- once --------------------------------------------------------------------------------------------


def test_the_second_time_is_refused_before_anything_is_asked(reviewed: Scene) -> None:
    assert reviewed.types(*APPLY).code == 0
    reviewed.emulator.world.edit_spec(live(reviewed)["chat"].id, {"image": "a:1"}, by="mina")
    reviewed.emulator.world.remove(live(reviewed)["new"].id)

    assert is_stale(reviewed, reviewed.types(*APPLY), "RC312")
    assert asked(reviewed) == []


def test_where_the_journal_is_another_one_what_is_live_tells(
    reviewed: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert reviewed.types(*APPLY).code == 0
    monkeypatch.setenv("XDG_STATE_HOME", str(reviewed.root.parent / "elsewhere"))

    said = reviewed.types(*APPLY)

    assert is_stale(reviewed, said, "RC313")
    assert "action: the plan has create, now it is keep" in said.err


def test_a_plan_that_was_refused_is_not_used_up(reviewed: Scene) -> None:
    reviewed.emulator.world.edit_spec(live(reviewed)["chat"].id, {"image": "a:9"}, by="mina")
    assert is_stale(reviewed, reviewed.types(*APPLY), "RC313")
    reviewed.emulator.world.edit_spec(live(reviewed)["chat"].id, {"image": "a:1"}, by="mina")

    assert reviewed.types(*APPLY).code == 0


def test_a_plan_that_could_not_be_compared_is_not_used_up(saved: Scene) -> None:
    saved.spoil(LIST, status=503, forever=True)

    said = saved.types(*APPLY)

    assert (said.code, saved.changes) == (6, [])
    saved.emulator.faults.clear()
    assert saved.types(*APPLY).code == 0


# -- moved -------------------------------------------------------------------------------------------


def a_field_behind_our_back(scene: Scene) -> str:
    scene.emulator.world.edit_spec(live(scene)["chat"].id, {"image": "a:7"}, by="mina")
    return '/spec/image: live was "a:1" and is "a:7"'


def an_object_made_anew(scene: Scene) -> str:
    old = live(scene)["chat"]
    scene.emulator.world.remove(old.id)
    scene.emulator.world.add_workload(
        kind="Inference", project="team-a", name="chat", spec=dict(old.spec), created_by="mina"
    )
    return "live object: the plan has "


def an_object_gone(scene: Scene) -> str:
    scene.emulator.world.remove(live(scene)["chat"].id)
    return "live object: the plan has "


def a_kept_one_gone(scene: Scene) -> str:
    scene.emulator.world.remove(live(scene)["job"].id)
    return "action: the plan has keep, now it is create"


def a_name_taken(scene: Scene) -> str:
    scene.emulator.world.add_workload(
        kind="Training", project="team-a", name="new", spec={"image": "x"}, created_by="mina"
    )
    return "action: the plan has create, now it is refused"


def another_value_in_git(scene: Scene) -> str:
    file = file_of(scene, "manifests/chat.yaml")
    file.write_text(file.read_text().replace("a:2", "a:3"))
    return '/spec/image: git was "a:2" and is "a:3"'


def another_spec_to_create(scene: Scene) -> str:
    file = file_of(scene, "manifests/new.yaml")
    file.write_text(file.read_text().replace("busybox:1", "busybox:9"))
    return "what git declares for it is another now"


def one_more_manifest(scene: Scene) -> str:
    text = file_of(scene, "manifests/new.yaml").read_text()
    file_of(scene, "manifests/more.yaml").write_text(text.replace("name: new", "name: more"))
    return "it was not in the plan; now it is, with create"


MOVES = (
    a_field_behind_our_back, an_object_made_anew, an_object_gone, a_kept_one_gone, a_name_taken,
    another_value_in_git, another_spec_to_create, one_more_manifest,
)  # fmt: skip


@pytest.mark.parametrize("move", MOVES, ids=lambda move: move.__name__)
def test_whatever_moves_stops_all_of_it_and_is_named(move: Callable[[Scene], str], reviewed: Scene) -> None:
    line = move(reviewed)

    said = reviewed.types(*APPLY)

    assert is_stale(reviewed, said, "RC313")
    assert line in said.err


def test_what_people_read_when_something_moved(reviewed: Scene, golden: Callable[[str, str], None]) -> None:
    a_field_behind_our_back(reviewed)
    another_spec_to_create(reviewed)

    golden("messages/saved-plan-moved.txt", reviewed.types(*APPLY).text)


def test_what_people_read_the_second_time(saved: Scene, golden: Callable[[str, str], None]) -> None:
    saved.types(*APPLY)

    golden("messages/saved-plan-used.txt", saved.types(*APPLY).text)


def test_a_kept_job_that_ends_meanwhile_is_no_move(running: Scene) -> None:
    more = 'image: busybox:1\nenvironmentVariables: [{name: EMULATOR_SECONDS, value: "600"}]'
    running.declare("short", more=more).types("apply", "--yes")
    running.declare("chat", kind="Inference", more=OLD).types("plan", "--out", "p.json")
    assert live(running)["short"].phase == "Running"
    running.later(3600)
    assert live(running)["short"].phase == "Completed"

    assert running.types(*APPLY).code == 0
    assert live(running)["chat"].spec["image"] == "a:1"


# -- here and now ------------------------------------------------------------------------------------


def a_day_later(scene: Scene, _: pytest.MonkeyPatch) -> str:
    scene.later(timedelta(hours=24).total_seconds())
    return "the saved plan has expired"


def another_version(_: Scene, patch: pytest.MonkeyPatch) -> str:
    patch.setattr("reconciler.history.repeat.__version__", "9.9.9")
    return "this is 9.9.9"


def another_fleet(scene: Scene, _: pytest.MonkeyPatch) -> str:
    file = file_of(scene, "reconciler.yaml")
    file.write_text(file.read_text().replace("7f3a9c04d2b81e66", "7f3a9c04d2b81e67"))
    return "this is fleet 7f3a9c04d2b81e67"


def another_address(scene: Scene, _: pytest.MonkeyPatch) -> str:
    file = file_of(scene, "reconciler.yaml")
    file.write_text(file.read_text().replace("127.0.0.1", "localhost"))
    return "the saved plan is for prod at "


def no_such_target(scene: Scene, _: pytest.MonkeyPatch) -> str:
    file = file_of(scene, "reconciler.yaml")
    file.write_text(file.read_text().replace("  prod:", "  other:"))
    return "the fleet file has no such target"


def a_newer_commit(scene: Scene, _: pytest.MonkeyPatch) -> str:
    scene.commit()
    return "the saved plan is of an older commit: "


def an_older_commit(scene: Scene, _: pytest.MonkeyPatch) -> str:
    scene.git("checkout", "-q", "HEAD~1")
    return "HEAD's history does not contain that commit"


def no_git(scene: Scene, _: pytest.MonkeyPatch) -> str:
    file_of(scene, ".git").rename(scene.root / "no-git")
    return "here is no git history"


CHANGES = (
    a_day_later, another_version, another_fleet, another_address, no_such_target, a_newer_commit,
    an_older_commit, no_git,
)  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_plan_is_for_here_and_now(
    change: Callable[[Scene, pytest.MonkeyPatch], str], saved: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    said_so = change(saved, monkeypatch)

    said = saved.types(*APPLY)

    assert is_stale(saved, said, "RC311")
    assert said_so in said.err
    assert asked(saved) == []


def test_a_plan_is_good_for_as_long_as_it_was_told(scene: Scene) -> None:
    scene.types("plan", "--out", "p.json", "--expires-in", "1h30m")
    block = json.loads(file_of(scene).read_text())["saved"]

    saved = load_plan("p.json").issued
    assert saved.expires - saved.created == timedelta(minutes=90)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", block["created"])


def test_a_plan_made_where_no_git_is_can_be_applied_there(scene: Scene) -> None:
    file_of(scene, ".git").rename(scene.root / "no-git")
    scene.types("plan", "--out", "p.json")

    assert scene.types(*APPLY).code == 0


# -- the file ----------------------------------------------------------------------------------------


def test_a_byte_that_changed_or_is_missing_is_refused_wherever_it_is(reviewed: Scene) -> None:
    whole = file_of(reviewed).read_bytes()
    assert len(plan_in(whole).changes) == 3

    flipped = (whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in range(len(whole)))
    for data in (*flipped, *(whole[:end] for end in range(len(whole)))):
        with pytest.raises(ValueError, match="seal"):
            plan_in(data)


@pytest.mark.parametrize("at", [0, 700, -1])
def test_a_file_with_another_byte_is_four(at: int, saved: Scene) -> None:
    data = bytearray(file_of(saved).read_bytes())
    data[at] ^= 1
    file_of(saved).write_bytes(data)

    said = saved.types(*APPLY)

    assert (said.code, said.last) == (4, "reconciler: rejected (exit 4)")
    assert "error[RC310]: " in said.err
    assert asked(saved) == []


HOSTILE = {
    "empty": b"",
    "not JSON": b"plan",
    "cut": b'{"formatVersion": "1.0"',
    "a list": b"[]",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_saved_plan_is_four(name: str, scene: Scene) -> None:
    file_of(scene).write_bytes(HOSTILE[name])

    said = scene.types(*APPLY)

    assert (said.code, scene.changes, asked(scene)) == (4, [], [])
    assert "error[RC310]: the file is no saved plan, or not as it was saved\n  --> p.json\n" in said.err


def test_a_plan_as_json_is_no_saved_plan(scene: Scene) -> None:
    scene.types("plan", "-o", "json=p.json")

    assert scene.types(*APPLY).code == 4


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"applyable": true', b'"applyable": true, "applyable": true'),
        (b'"applyable": true', b'"applyable": NaN'),
        (b'"applyable": true', b'"applyable": 1e999'),
        (b'"applyable": true', b'"applyable": ' + b"[" * 100 + b"]" * 100),
        (b'"applyable": true', b'"applyable": ' + b"[" * 50_000 + b"]" * 50_000),
        (b'"applyable": true', b'"applyable": ' + b"9" * 10_000),
        (b'"formatVersion": "1.0"', b'"formatVersion": "2.0"'),
        (b'"document": "plan"', b'"document": "apply"'),
        (b'{\n  "formatVersion"', b'{}\n{\n  "formatVersion"'),
        (b'"applyable": true', b'"applyable": "\xff"'),
    ],
    ids=[
        "a key twice",
        "NaN",
        "infinite",
        "deep",
        "very deep",
        "long",
        "format",
        "kind",
        "two documents",
        "no text",
    ],
)
def test_a_hostile_file_with_a_seal_that_fits_is_four(old: bytes, new: bytes, saved: Scene) -> None:
    whole = file_of(saved).read_bytes().replace(old, new)
    blank = whole[:-71] + b"0" * 64 + whole[-7:]
    file_of(saved).write_bytes(whole[:-71] + hashlib.sha256(blank).hexdigest().encode() + whole[-7:])

    said = saved.types(*APPLY)

    assert (said.code, saved.changes) == (4, []), said.text
    assert "RC310" in said.err
    assert "does not fit" not in said.err


def test_a_file_that_is_too_large_is_not_read(scene: Scene) -> None:
    with file_of(scene).open("wb") as file:
        file.truncate(LARGEST + 1)

    said = scene.types(*APPLY)

    assert said.code == 4
    assert "larger than" in said.err


@pytest.mark.parametrize(
    "make", [lambda path: None, Path.mkdir, os.mkfifo], ids=["missing", "folder", "pipe"]
)
def test_what_is_no_file_is_four(make: Callable[[Path], None], scene: Scene) -> None:
    make(file_of(scene))

    said = scene.types(*APPLY)

    assert (said.code, asked(scene)) == (4, [])
    assert "error[RC100]: cannot read p.json" in said.err


def test_a_plan_that_was_sealed_anew_still_does_nothing_that_was_not_to_be_done(reviewed: Scene) -> None:
    document = json.loads(file_of(reviewed).read_text())
    document["changes"] = document["changes"][1:]
    file_of(reviewed).write_bytes(resealed(document))

    assert is_stale(reviewed, reviewed.types(*APPLY), "RC313")


# -- the command line --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ("Inference/chat",), ("manifests",), ("-",), ("-l", "a=b"), ("-p", "team-a"), ("--target", "prod"),
        ("--no-prune",), ("--partial",), ("--allow", "empty"), ("--strict",),
    ],
    ids=" ".join,
)  # fmt: skip
def test_nothing_that_the_plan_says_may_be_said_beside_it(words: tuple[str, ...], saved: Scene) -> None:
    said = saved.types(*APPLY, *words)

    assert (said.code, asked(saved)) == (2, [])
    assert "--plan says what the run is about; leave out " in said.err


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("plan", "--out", ""), "it names no file"),
        (("plan", "--out", "none/p.json"), "none: no such folder"),
        (("plan", "--out", "manifests"), "it is not a regular file"),
        (("plan", "--out", "p.json", "-"), "cannot be read again"),
        (("plan", "--expires-in", "1h"), "it needs --out FILE"),
        (("plan", "--out", "p.json", "--expires-in", "soon"), "like 30m, 24h or 1h30m"),
        (("plan", "--out", "p.json", "--expires-in", "0s"), "up to 720h"),
        (("plan", "--out", "p.json", "--expires-in", "721h"), "up to 720h"),
        (("plan", "--out", "p.json", "--expires-in", "-1h"), "up to 720h"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_wrong_command_line_is_two(words: tuple[str, ...], hint: str, scene: Scene) -> None:
    said = scene.types(*words)

    assert (said.code, asked(scene)) == (2, [])
    assert hint in said.err
    assert not file_of(scene).exists()


def test_an_empty_name_is_no_apply_without_a_plan(scene: Scene) -> None:
    said = scene.types("apply", "--yes", "--plan", "")

    assert (said.code, asked(scene)) == (4, [])


def test_a_plan_is_saved_through_a_link_into_a_file_of_its_own(scene: Scene) -> None:
    file_of(scene).symlink_to("elsewhere.json")

    scene.types("plan", "--out", "p.json")

    assert not file_of(scene).is_symlink()
    assert not (scene.root / "elsewhere.json").exists()
