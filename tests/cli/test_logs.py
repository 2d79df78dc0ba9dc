"""`logs` on the real command line: which lines, of how many, and over drops."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import unquote

import pytest

from tests.cli.scene import Said, Scene

TRAIN = "image: busybox:1\ncommand: python train.py\nargs: -v"
STREAM = "/cluster-api/api/v1/team-a/workloads/training/runai/lora/logs"


@pytest.fixture
def scene(plain: Scene) -> Scene:
    plain.declare("lora", "other", more=TRAIN).types("apply", "--yes")
    plain.later(30)
    return plain


def queries(scene: Scene) -> list[str]:
    return [
        unquote(entry.query)
        for entry in scene.emulator.ledger.since(scene.sent)
        if entry.path.startswith(STREAM)
    ]


def lines(said: Said) -> list[str]:
    return said.out.splitlines()


def test_each_option_is_asked_of_the_platform_in_its_words(scene: Scene) -> None:
    said = scene.types(
        "logs",
        "lora",
        "--tail",
        "3",
        "--since",
        "2026-01-31T09:00:00Z",
        "--timestamps",
        "--limit-bytes",
        "200",
    )

    (asked,) = queries(scene)
    for words in ("tailLines", "sinceTime", "2026-01-31T09:00:00Z", "timestamps", "limitBytes"):
        assert words in asked
    assert said.code == 0
    assert len(said.out.encode()) <= 201
    assert re.match(r"WHEN |2026-", said.out)


def test_a_span_counts_back_from_the_platforms_time(scene: Scene) -> None:
    scene.later(120)
    everything, newest = scene.types("logs", "lora"), scene.types("logs", "lora", "--since", "10s")

    assert 0 < len(lines(newest)) < len(lines(everything))
    assert lines(everything)[-len(lines(newest)) :] == lines(newest)


@pytest.mark.parametrize(
    "since", ["yesterday", "10", "2026-01-31T09:00:00", "-5m", "0001-01-01 00:00:00+14:00", "99999999h"]
)
def test_a_time_that_is_none_is_a_usage_error(scene: Scene, since: str) -> None:
    said = scene.types("logs", "lora", "--since", since)

    assert said.code == 2
    assert since in said.err


def test_several_logs_say_whose_each_line_is(scene: Scene) -> None:
    said = scene.types("logs", "lora", "manifests/other.yaml", "--tail", "2")

    assert [line.partition(" | ")[0].partition("/")[0] for line in lines(said)] == [
        "lora",
        "lora",
        "other",
        "other",
    ]


def test_several_are_followed_at_once_until_each_ends(scene: Scene) -> None:
    scene.spoil(rf"WS {STREAM}.*", kind="ws_close", code=1000, after=3)
    scene.spoil(rf"WS {STREAM.replace('lora', 'other')}.*", kind="ws_close", code=1000, after=2)

    said = scene.types("logs", "lora", "other", "--follow")

    assert said.code == 0
    assert sorted(line.partition("/")[0] for line in lines(said)) == ["lora"] * 3 + ["other"] * 2


def test_one_of_several_that_cannot_be_read_says_so_in_its_place_and_the_others_go_on(scene: Scene) -> None:
    refused = {"code": 403, "reason": "Forbidden", "message": "no permission"}
    scene.spoil(rf"WS {STREAM.replace('lora', 'other')}", status=403, json=refused, forever=True)
    scene.spoil(rf"WS {STREAM}", kind="ws_close", code=1000, after=3)

    said = scene.types("logs", "lora", "other", "--follow")

    marks = [line for line in lines(said) if " | --- " in line]
    assert said.code == 5
    assert len(lines(said)) == 4
    assert len(marks) == 1
    assert marks[0].startswith("other/")
    assert marks[0].endswith("(403): no permission ---")


def test_a_drop_is_gone_over_without_a_line_twice(scene: Scene) -> None:
    whole = scene.types("logs", "lora").out
    for number, after in enumerate((4, 2), 1):
        scene.spoil(f"WS {STREAM}.*", nth=number, count=1, kind="ws_close", code=1011, after=after)

    said = scene.types("logs", "lora", "--follow", "--limit-bytes", str(len(whole.encode()) - 1))

    assert (said.code, said.out) == (0, whole)
    assert len(queries(scene)) == 3


def test_a_drop_is_told_on_stderr_once_and_so_is_its_end(scene: Scene) -> None:
    whole = scene.types("logs", "lora").out
    limit = str(len(whole.encode()) - 1)
    scene.spoil(f"WS {STREAM}", kind="ws_close", code=1011, after=4)
    scene.spoil(f"WS {STREAM}", nth=2, count=2, status=503, json={"message": "restarting"})

    said = scene.types("logs", "lora", "--follow", "--limit-bytes", limit)

    assert (said.code, said.out) == (0, whole)
    assert re.fullmatch(
        r"lora/lora-\S+: the stream is broken since WHEN: the server failed; trying again\n"
        r"lora/lora-\S+: the stream is back after 3\.\ds\n",
        said.err,
    )


def test_who_wants_quiet_hears_of_no_drop(scene: Scene) -> None:
    scene.spoil(f"WS {STREAM}", kind="ws_close", code=1011, after=4)
    scene.spoil(f"WS {STREAM}", nth=2, kind="ws_close", code=1000)

    assert scene.types("logs", "lora", "--follow", "--quiet").err == ""


def test_a_log_before_a_restart_that_never_was_is_told(scene: Scene) -> None:
    said = scene.types("logs", "lora", "--previous")

    assert said.code == 6
    assert "what was started only once has no log before: leave --previous out" in said.err


def test_an_object_that_nobody_declares_is_told_with_the_nearest_there_is(scene: Scene) -> None:
    said = scene.types("logs", "lorra")

    assert (said.code, 'no manifest declares "lorra"; did you mean "lora"?' in said.err) == (2, True)


BAD_NAMES = {
    "a pod": (("--pod", "x" * 254), "no pod has such a name"),
    "a pod's sign": (("--pod", "a/b?c"), "no pod has such a name"),
    "a pod that is empty": (("--pod", ""), "no pod has such a name"),
    "a container": (("-c", "x" * 64), "no container has such a name"),
    "a container that is empty": (("-c", ""), "no container has such a name"),
}
COMMANDS = {
    "logs": ("logs", "lora"),
    "exec": ("exec", "lora"),
    "attach": ("attach", "lora"),
    "port-forward": ("port-forward", "lora", "0:80"),
}


@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)
@pytest.mark.parametrize(("options", "told"), BAD_NAMES.values(), ids=BAD_NAMES)
def test_a_name_that_no_pod_or_container_can_have_is_a_usage_error(
    scene: Scene, words: tuple[str, ...], options: tuple[str, ...], told: str
) -> None:
    said = scene.types(*words, *options)

    assert (said.code, told in said.err) == (2, True)
    assert len(said.err) < 1000
    assert not queries(scene)


def test_a_log_that_ends_after_a_drop_is_not_told_twice(scene: Scene) -> None:
    scene.spoil(f"WS {STREAM}.*", kind="ws_close", code=1011, after=4)
    scene.spoil(f"WS {STREAM}.*", nth=2, kind="ws_close", code=1000)

    said = scene.types("logs", "lora", "--follow")

    assert len(lines(said)) == 4
    assert said.code == 0


def test_the_log_before_the_last_restart_shows_why_it_died(plain: Scene) -> None:
    plain.declare("lora")
    world, spec = plain.emulator.world, {"image": "busybox:1", "command": "crash", "backoffLimit": 6}
    world.add_workload(kind="Training", project="team-a", name="lora", spec=spec, created_by="demo")
    for _ in range(22):
        plain.later(1)
        world.settle()

    now, before = plain.types("logs", "lora"), plain.types("logs", "lora", "--previous")

    assert (now.code, before.code) == (0, 0)
    assert lines(before)[-1].startswith("FileNotFoundError")
    assert before.out != now.out


@pytest.mark.parametrize("option", ["--pod", "--container"])
def test_a_pod_or_container_that_is_not_there_is_named(scene: Scene, option: str) -> None:
    said = scene.types("logs", "lora", option, "nobody")

    assert (said.code, said.out) == (6, "")
    assert "the log of team-a/Training/lora not found" in said.err
    assert '"nobody" not found' in said.err


@pytest.mark.parametrize("kind", ["ws_split", "ws_fragments"])
def test_characters_and_lines_cut_over_frames_are_whole(plain: Scene, kind: str) -> None:
    plain.declare("lora", more="image: busybox:1\ncommand: echo\nargs: grüße ✓ 日本語").types(
        "apply", "--yes"
    )
    plain.later(300)
    whole = plain.types("logs", "lora").out
    plain.spoil(f"WS {STREAM}", kind=kind, after=1)

    said = plain.types("logs", "lora", "--follow", "--limit-bytes", str(len(whole.encode()) - 1))

    assert "grüße ✓ 日本語" in whole
    assert (said.code, said.out) == (0, whole)


def test_bytes_that_are_no_text_are_shown_and_steer_no_terminal(scene: Scene) -> None:
    scene.spoil(f"WS {STREAM}", kind="ws_send", raw=b"\x00\xff\xfe\x1b[2Jx\n")

    said = scene.types("logs", "lora", "--follow", "--limit-bytes", "12")

    assert said.code == 0
    assert lines(said)[0] == "\\x00\ufffd\ufffd\\x1b[2Jx"


def test_each_log_has_a_colour_of_its_own(scene: Scene) -> None:
    plain = scene.types("logs", "lora", "other", "--tail", "2")

    said = scene.types("logs", "lora", "other", "--tail", "2", "--color", "always")

    found = [re.match(r"(\x1b\[\d+m)(lora|other)/[\w.-]+ \| \x1b\[0m", line) for line in lines(said)]
    colours = {(match[2], match[1]) for match in found if match}
    assert len(colours) == 2
    assert len({colour for _, colour in colours}) == 2
    assert re.sub(r"\x1b\[\d+m", "", said.out) == plain.out


@pytest.mark.parametrize(
    "words", [("logs", "lora"), ("port-forward", "lora", "0:80")], ids=lambda words: words[0]
)
def test_a_project_that_is_not_seen_is_not_an_object_that_is_not_there(
    scene: Scene, words: tuple[str, ...]
) -> None:
    scene.spoil("GET /api/v1/org-unit/projects", kind="no_rows", forever=True)

    said = scene.types(*words)

    assert said.code == 4
    assert 'error[RC403]: project "team-a" not found in prod' in said.err
    assert "not there" not in said.err


def test_a_pod_whose_name_fits_no_url_is_told(scene: Scene) -> None:
    name = "x" * 100_000
    scene.spoil("GET /api/v1/workloads/.*/pods", kind="mutate", mutate=partial(_renamed, name), forever=True)

    said = scene.types("logs", "lora")

    assert (said.code, "the url cannot be used" in said.err) == (6, True)
    assert len(said.err) < 2000


def _renamed(name: str, page: dict[str, Any]) -> dict[str, Any]:
    return {**page, "pods": [{**pod, "name": name} for pod in page["pods"]]}


def test_the_log_is_found_in_one_of_two_projects_of_a_name(scene: Scene) -> None:
    world = scene.emulator.world
    (first,) = world.clusters.values()
    other = "00000000-0000-4000-8000-000000000001"
    world.clusters[other] = replace(first, uuid=other, name="west")
    world.add_project("team-a", cluster="west")
    scene.edit("manifests/lora.yaml", "project: team-a", f"project: team-a\n  cluster: {first.name}")

    said = scene.types("logs", "lora", "--tail", "1")

    assert (said.code, len(lines(said))) == (0, 1)


def test_every_pod_of_what_waits_to_be_started_again_is_shown(plain: Scene) -> None:
    spec = "image: busybox:1\ncommand: crash\ndistributedFramework: PyTorch\nnumWorkers: 2\n"
    spec += "masterSpec:\n  image: busybox:1\n  command: train"
    plain.declare("badrank", kind="DistributedTraining", more=spec).types("apply", "--yes")
    plain.later(8)
    row = plain.types("get", "badrank")

    said = plain.types("logs", "badrank")

    assert "Initializing" in row.out
    assert (said.code, {line.split()[0] for line in lines(said)}) == (
        0,
        {"badrank/badrank-master-0", "badrank/badrank-worker-0", "badrank/badrank-worker-1"},
    )
    assert lines(said)[0].startswith("badrank/badrank-worker-")
    assert "FileNotFoundError" in said.out


@pytest.mark.parametrize("more", [(), ("--follow",)], ids=["now", "followed"])
@pytest.mark.parametrize(
    ("command", "phase", "hint"),
    [("crash", "Failed", "says why"), ("sleep", "Completed", "says how it ended")],
)
def test_a_log_that_went_with_its_pods_says_so_and_where_to_look(
    plain: Scene, command: str, phase: str, hint: str, more: tuple[str, ...]
) -> None:
    plain.declare("oom", more=f"image: busybox:1\ncommand: {command}\nargs: '1'").types("apply", "--yes")
    plain.later(6000)

    said = plain.types("logs", "Training/oom", *more)

    assert said.code == 6
    assert said.err.startswith(
        f"error[RC443]: logs are gone: the workload is {phase}\n"
        "  --> prod: team-a/Training/oom\n"
        f"  reconciler health Training/oom {hint}\n"
    )


def test_a_kind_that_no_cluster_shows_is_not_out_of_reach(plain: Scene) -> None:
    nim = "image: nvcr.io/nim/meta/llama3:1\nservingPort: {port: 8000}"
    plain.declare("embed", kind="NimService", more=nim).types("apply", "--yes")

    said = plain.types("logs", "embed", "--follow")

    assert said.code == 6
    assert re.match(
        r"error\[RC443\]: the API of a cluster shows no NimService, so its logs cannot be read\n"
        r"  --> prod: team-a/NimService/embed\n"
        r"  it is \w+; reconciler health NimService/embed tells how far it is\n",
        said.err,
    )
    assert "VPN" not in said.err
