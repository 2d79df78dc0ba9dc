"""The page about one live object reads as the golden files have it, for each state and width."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.errors import Unavailable
from reconciler.health import Health, Level
from reconciler.mark import Mark, Owner
from reconciler.report.describe import describe_text
from reconciler.sight import Described, Found, Section
from tests.report.forms import said
from tests.report.values import CHAT, LORA, NOW, OLD_RUN, PRETRAIN, observed

Golden = Callable[[str, str], None]
MARK = Mark(
    fleet_id="7f3a9c04d2b81e66",
    fleet="ml-platform",
    key="team-assist/Inference/assist-chat",
    digest="1:7d1f0a9255aa0011",
    commit="c0ffee1" + "0" * 33,
    commit_time="2026-11-25T09:00:00Z",
    path="assist/chat.yaml",
)
AGO = {hours: NOW - timedelta(hours=hours) for hours in (1, 3, 26)}
SERVES = Described(
    Found(
        replace(
            observed(CHAT).summary, created_at=AGO[26], since=AGO[3], gpus=0.75, submitted_by="ci@acme.com"
        ),
        Owner.OURS,
        observed=replace(observed(CHAT), mark=MARK),
        seen_at=NOW,
    ),
    Health(Level.HEALTHY, phase="Running", message="1/1 replicas ready"),
    (
        Section(
            "pods", ("POD", "PHASE", "NODE", "GPU", "AGE"), (("chat-0", "Running", "dgx-1", 0.75, AGO[3]),)
        ),
        Section(
            "history",
            ("SINCE", "PHASE", "WHY"),
            ((AGO[3], "Running", ""), (AGO[26], "Pending", "in a queue")),
        ),
        Section("endpoints", ("URL", "PROTOCOL"), (("https://chat.acme.com", "http"),)),
        Section("revisions", note="not offered by this control plane or its cluster"),
    ),
)
WAITS = Described(
    Found(
        replace(
            observed(PRETRAIN, "Pending").summary, created_at=AGO[3], since=AGO[3], reason="Unschedulable"
        ),
        Owner.OURS,
        observed=observed(PRETRAIN, "Pending"),
        seen_at=NOW,
    ),
    Health(Level.PROGRESSING, phase="Pending", message="4 of 8 GPUs free in h100-pool", is_queued=True),
    (
        Section(
            "pending",
            ("NODE POOL", "REASON", "DETAIL", "WHY"),
            (
                (
                    "h100-pool",
                    "Unschedulable",
                    "resources",
                    "4 of 8 GPUs are free in this node pool, which is too few",
                ),
            ),
        ),
    ),
)
FAILED = Described(
    Found(
        replace(observed(LORA, "Failed").summary, created_at=AGO[3], since=AGO[1], completed_at=AGO[1]),
        Owner.OURS,
        observed=observed(LORA, "Failed"),
        seen_at=NOW,
        is_adopted=True,
    ),
    Health(Level.DEGRADED, phase="Failed", reason="OOMKilled", message="exit 137", is_final=True),
    (
        Section(
            "events",
            ("SINCE", "TYPE", "REASON", "MESSAGE"),
            ((AGO[1], "Warning", "OOMKilled", "killed \x1b[2J"),),
        ),
    ),
)
FOREIGN = Described(
    Found(
        replace(observed(OLD_RUN).summary, created_at=AGO[26], submitted_by="mina"),
        Owner.FOREIGN,
        seen_at=NOW,
    ),
    failures=(Unavailable("runai-demo", "read", "old-run", said="it answered 500"),),
)
PAGES: Mapping[str, Described] = {"serves": SERVES, "waits": WAITS, "failed": FAILED, "foreign": FOREIGN}


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("name", PAGES)
def test_the_page_reads_as_the_golden_file_has_it(name: str, width: int, golden: Golden) -> None:
    text = describe_text(PAGES[name], "image: busybox:1\nargs: (sensitive)\n", width=width)

    assert max(map(len, text.splitlines())) <= width
    coloured = said(text, form="table", environ={"FORCE_COLOR": "1"})
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == text
    assert ("\x1b[" in coloured) == (PAGES[name].health is not None)
    golden(f"report/describe-{name}-{width}.txt", text)


def test_what_a_mark_has_no_room_for_leaves_no_hole() -> None:
    short = replace(MARK, fleet="", commit_time="", path="")
    page = replace(SERVES, found=replace(SERVES.found, observed=replace(observed(CHAT), mark=short)))

    text = describe_text(page, "image: busybox:1\n", width=80)

    assert "owner     ours (fleet 7f3a9c04d2b81e66)\n" in text
    assert "commit    c0ffee100000\n" in text
