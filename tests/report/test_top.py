"""The text, the rows and the document of what is used."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from reconciler.errors import ExitCode
from reconciler.mark import Owner
from reconciler.report.safe import for_encoding
from reconciler.report.sparkline import sparkline
from reconciler.report.top import top_csv, top_document, top_text, top_text_of_one
from reconciler.sight import Found, Series, Used
from tests.report.values import CHAT, LORA, observed

Golden = Callable[[str, str], None]
START = datetime(2026, 11, 26, 11, tzinfo=UTC)


def _series(metric: str, unit: str, *values: float, pod: str = "") -> Series:
    return Series(metric, unit, tuple((START + timedelta(minutes=n), v) for n, v in enumerate(values)), pod)


def _used(*series: Series, gpus: float = 1, of: object = CHAT) -> Used:
    row = replace(observed(CHAT if of is CHAT else LORA).summary, gpus=gpus)
    return Used(Found(row, Owner.OURS), series)


BUSY = (
    _series("gpu", "%", 0, 50, 100),
    _series("gpu memory", "bytes", 2**30, 2**32),
    _series("cpu", "cores", 1, 2.5),
    _series("memory", "bytes", 2**29),
)
POD = _series("gpu", "%", 0, 50, 100, pod="chat-0")
SERVED = _series("latency", "ms", 400, 250)


def test_the_table_reads_as_the_golden_file_has_it(golden: Golden) -> None:
    used = [_used(*BUSY), _used(_series("cpu", "cores", 0.5), gpus=0, of=LORA)]

    golden("report/top.txt", top_text(used, held={"team-assist": 1.75, "team-forecast": 0}))
    golden("report/top-of-one.txt", top_text_of_one(_used(*BUSY, SERVED, POD)))


def test_what_was_not_read_is_no_number() -> None:
    assert "team-assist/Inference/assist-chat  1    -     -        -    -" in top_text([_used()], held={})
    assert "tells no metrics" in top_text_of_one(_used())
    assert top_text([], held={}) == "nothing runs that fits\n"


def test_every_sample_is_a_row() -> None:
    head, *rows = csv.reader(io.StringIO(top_csv([_used(*BUSY, POD)])))

    assert head == ["key", "pod", "metric", "unit", "time", "value"]
    assert rows[1] == [CHAT.full, "", "gpu", "%", "2026-11-26T11:01:00Z", "50"]
    assert rows[-1] == [CHAT.full, "chat-0", "gpu", "%", "2026-11-26T11:02:00Z", "100"]
    assert len(rows) == 3 + 2 + 2 + 1 + 3


def test_the_document_holds_the_samples() -> None:
    document = top_document([_used(SERVED)], held={"team-assist": 1}, exit_code=ExitCode.IN_ORDER)

    (series,) = document["items"][0]["series"]
    assert (series["metric"], series["unit"], series["pod"]) == ("latency", "ms", None)
    assert series["samples"][1] == {"time": "2026-11-26T11:01:00Z", "value": 250}


def test_bars_go_from_nothing_to_the_top() -> None:
    assert sparkline([0, 50, 100, 900], top=100) == "▁▅██"
    assert sparkline([0, 0]) == "▁▁"
    assert sparkline([1, 2]) == "▅█"
    assert sparkline([]) == ""
    assert for_encoding(sparkline([0, 100]), "ascii") == "_#"
