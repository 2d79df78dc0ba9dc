"""Print a table of ratios and keep it in bench/results.json. Name parts to measure only those."""

from __future__ import annotations

import json
import platform
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

from bench import capacity, plan, render, startup, streams, validate, verdicts
from bench.measure import RECONCILER, Ratio, Result, Tally

RESULTS = Path(__file__).with_name("results.json")
PARTS: Mapping[str, Callable[[Path], Iterator[Result]]] = {
    "startup": startup.measure,
    "validate": validate.measure,
    "plan": plan.measure,
    "render": render.measure,
    "capacity": capacity.measure,
    "verdicts": verdicts.measure,
    "streams": streams.measure,
}


def main(names: list[str]) -> int:
    """Measure the parts, all or those named."""
    unknown = set(names) - set(PARTS)
    if unknown:
        print(
            f"no part is called {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}", file=sys.stderr
        )
        return 2
    if not Path(RECONCILER).exists():
        print("skipped: there is no reconciler command in this environment")
        return 0
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        results = list(_shown(result for name in names or PARTS for result in PARTS[name](Path(folder))))
    RESULTS.write_text(json.dumps(_document(results), indent=2) + "\n")
    return 0


def _shown(results: Iterable[Result]) -> Iterator[Result]:
    print(f"{'what':<26}{'ours':>10}{'floor':>10}{'ratio':>8}{'goal':>8}   floor is")
    for result in results:
        print(_line(result), flush=True)
        yield result


def _line(result: Result) -> str:
    if isinstance(result, Tally):
        return f"{result.name:<26}{result.told}"
    if not isinstance(result, Ratio):
        return f"{result.name:<26}skipped: {result.why}"
    goal = f"≤ {result.goal:g}" if result.goal else "-"
    times = f"{result.ours_s * 1000:>7.0f} ms{result.floor_s * 1000:>7.0f} ms"
    return f"{result.name:<26}{times}{result.ratio:>8.2f}{goal:>8}   {result.floor}"


def _document(results: Iterable[Result]) -> dict[str, object]:
    rows = [asdict(one) | ({"ratio": one.ratio} if isinstance(one, Ratio) else {}) for one in results]
    return {"python": platform.python_version(), "machine": platform.platform(), "results": rows}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
