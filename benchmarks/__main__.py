"""Every comparison side by side in one process: ratios, a figure, and JSON if asked.

    python -m benchmarks [--only NAME ...] [--quick] [--rounds 7] [--json FILE] [--figure FILE.svg]

Rounds are interleaved and minima compared. What is not installed is named, with the command that would bring it. Times
of one machine mean little; the ratios of one run are what to quote.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from dataclasses import asdict
from datetime import date
from importlib import import_module
from pathlib import Path

import llvmlite.binding as llvm

from benchmarks.drawing import drawn
from benchmarks.rounds import Comparison
from simdce.files import write_whole

NAMES = ("kernel", "monte_carlo", "panel_mean", "exact_law", "scaling", "whole")
UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "us"), (1e-9, "ns"))


def readable(seconds: float) -> str:
    scale, unit = next((each for each in UNITS if seconds >= each[0]), UNITS[-1])
    return f"{seconds / scale:.3g} {unit}"


def table(comparison: Comparison) -> str:
    """Ratios, times beside them, other figures, and what is missing."""
    lines = [comparison.title, f"  {'':44}{'times the base':>15}{f'a {comparison.unit}':>24}"]
    lines += [
        f"  {name:44}{comparison.ratio(name):>15,.3g}{readable(seconds):>24}"
        for name, seconds in comparison.seconds.items()
    ]
    for name, curve in comparison.curves.items():
        first = next(iter(curve.values()))
        grown = ", ".join(f"{n:,}: {seconds / first:.2f}" for n, seconds in curve.items())
        lines.append(f"  {name}, times the first: {grown}")
    lines += [f"  {name}: {figure:.3g}" for name, figure in comparison.found.items()]
    lines += [f"  left out: {name}, not installed; {command}" for name, command in comparison.missing.items()]
    return "\n".join(lines) + "\n"


def machine() -> str:
    """Processor, cores and how busy they are, in a line."""
    busy = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    vectors = "AVX-512" if llvm.get_host_cpu_features().get("avx512f") else "no AVX-512"
    cores = f"{os.cpu_count()} cores, {llvm.get_host_cpu_name()}, {vectors}"
    return f"{date.today()}, {platform.machine()}, {cores}{busy}, Python {platform.python_version()}"


def as_json(found: dict[str, Comparison], quick: bool) -> str:
    """Seconds, ratios and other figures of each comparison, and the machine."""
    comparisons = {
        name: {**asdict(each), "ratios": {job: each.ratio(job) for job in each.seconds}} for name, each in found.items()
    }
    return json.dumps({"machine": machine(), "quick": quick, "comparisons": comparisons}, indent=2) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", choices=NAMES, action="append", help="this comparison alone; may be repeated")
    parser.add_argument("--quick", action="store_true", help="small jobs, two rounds")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument(
        "--json", type=Path, help="write what was found here; - for the console, and nothing else there"
    )
    parser.add_argument("--figure", type=Path, default=Path("benchmarks.svg"), help="SVG or PNG")
    options = parser.parse_args()
    told = sys.stderr if options.json == Path("-") else sys.stdout
    print(machine(), file=told)
    found: dict[str, Comparison] = {}
    for name in options.only or NAMES:
        compare = import_module(f"benchmarks.{name}").compare
        found[name] = compare(2 if options.quick else options.rounds, options.quick)
        print(f"\n{table(found[name])}", file=told, flush=True)
        drawn(found, machine()).savefig(options.figure)  # each time, so that an interrupted run leaves what is done
        if options.json is not None and told is sys.stdout:
            write_whole(options.json, as_json(found, options.quick).encode())
    if told is sys.stderr:
        print(as_json(found, options.quick), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
