"""Write what live objects use: a table with the course of it, rows for a spreadsheet, and a document."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence

from reconciler.errors import ExitCode, ProviderError
from reconciler.report.jsonform import Document, failure_form, head, key_form, stamp
from reconciler.report.safe import line
from reconciler.report.sparkline import sparkline
from reconciler.report.table import table
from reconciler.report.units import amount
from reconciler.report.values import key_text
from reconciler.sight import Series, Used

HEAD = ("OBJECT", "GPU", "GPU%", "GPU MEM", "CPU", "MEM", "GPU OVER TIME")
HEAD_OF_ONE = ("WHERE", "METRIC", "NOW", "MOST", "OVER TIME")
_COLUMNS = ("gpu", "gpu memory", "cpu", "memory")
_GIB = 2**30


def top_text(
    used: Sequence[Used],
    *,
    held: Mapping[str, float],
    width: int = 120,
    targets: int = 1,
    is_whole: bool = True,
) -> str:
    """Write a line per object under the GPUs that are allocated in each scope.

    `is_whole` False: something was not read, so that nothing found is not nothing there.
    """
    if not used:
        return f"nothing {'runs' if is_whole else 'was read'} that fits\n"
    rows = [_row(each, targets) for each in used]
    by_scope = ", ".join(f"{line(scope)} {amount(count)}" for scope, count in held.items() if count)
    total = f"GPUs allocated: {amount(sum(held.values()))}{f'   ({by_scope})' if by_scope else ''}\n\n"
    return (total if held else "") + table(HEAD, rows, width=width)


def _row(used: Used, targets: int) -> tuple[str, ...]:
    found = {series.metric: series for series in used.series if not series.pod}
    row = used.found.summary
    cells = [_value(found[name]) if name in found else "-" for name in _COLUMNS]
    course = _course(found["gpu"]) if "gpu" in found and row.gpus else ""
    gpus = amount(row.gpus) if row.gpus else "-"
    return key_text(row.key, targets), gpus, *(cells if row.gpus else ["-", "-", *cells[2:]]), course


def top_text_of_one(used: Used, *, width: int = 120, targets: int = 1) -> str:
    """Write a line per metric of one object: the whole of it first, then each pod."""
    if not used.series:
        return f"{key_text(used.found.summary.key, targets)}: the platform tells no metrics\n"
    rows = [
        (
            line(series.pod) or key_text(used.found.summary.key, targets),
            series.metric,
            _value(series),
            _shown(max((value for _, value in series.samples), default=0.0), series.unit),
            _course(series),
        )
        for series in used.series
    ]
    return table(HEAD_OF_ONE, rows, width=width)


def _value(series: Series) -> str:
    return "-" if series.now is None else _shown(series.now, series.unit)


def _shown(value: float, unit: str) -> str:
    if unit == "bytes":
        return f"{value / _GIB:.1f} GiB"
    words = {"%": "%", "ms": " ms", "per second": "/s", "cores": ""}
    return f"{value:.1f}{words.get(unit, f' {unit}')}" if value < 10 else f"{value:.0f}{words.get(unit, '')}"


def _course(series: Series) -> str:
    values = [value for _, value in series.samples]
    return sparkline(values, top=100.0 if series.unit == "%" else 0.0)


def top_csv(used: Sequence[Used]) -> str:
    """Write a row per sample: key, pod, metric, unit, time, value."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("key", "pod", "metric", "unit", "time", "value"))
    for each in used:
        for series in each.series:
            about = (line(each.found.summary.key.full), line(series.pod), series.metric, series.unit)
            rows.writerows((*about, stamp(at), f"{value:g}") for at, value in series.samples)
    return text.getvalue()


def top_document(
    used: Sequence[Used],
    *,
    held: Mapping[str, float],
    exit_code: ExitCode,
    failures: Sequence[ProviderError] = (),
) -> Document:
    """Give the samples of every object."""
    return {
        **head("top", exit_code),
        "gpusAllocated": dict(held),
        "items": [_item(each) for each in used],
        "failures": [failure_form(failure) for failure in failures],
    }


def _item(used: Used) -> Document:
    row = used.found.summary
    return {**key_form(row.key), "gpus": row.gpus, "series": [_series_form(each) for each in used.series]}


def _series_form(series: Series) -> Document:
    samples = [{"time": stamp(at), "value": value} for at, value in series.samples]
    return {"pod": series.pod or None, "metric": series.metric, "unit": series.unit, "samples": samples}
