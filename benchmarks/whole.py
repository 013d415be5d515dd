"""Whole processes, from the shell to the last file: what a user waits for, and the memory a large job takes.

``simdce run`` on a small scenario with nothing compiled and with everything kept, beside a Python that imports NumPy,
pandas and matplotlib and ends; and the large job, 10,000 worlds of 100,000 people, six years, twelve sizes, simulated
alone and with every arrangement and answer. Seconds by the clock, which other programs lengthen; beside them those of
all processors, and the memory of all processes together.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.kernel import SIZES
from benchmarks.rounds import Comparison
from benchmarks.watched import watched
from simdce import arrangements

SCENARIO = "title = 'whole'\nworlds = {worlds}\npanel.sizes = {sizes}\n"
LARGE = """
import simdce
panel, chosen = {{"sizes": {sizes}}}, [{{"name": "mssp_basic_e"}}]
simdce.simulate(simdce.build_scenario({{"title": "large", "worlds": {worlds}, "panel": panel, "arrangements": chosen}}))
"""
IMPORTS = "import numpy, pandas, matplotlib.figure"


def run_of(scenario: Path, worlds: int, sizes: list[int], names: Sequence[str]) -> list[str]:
    """The command that runs a scenario, which is written first."""
    chosen = "".join(f"[[arrangements]]\nname = '{name}'\n" for name in names)
    scenario.write_text(SCENARIO.format(worlds=worlds, sizes=sizes) + chosen, encoding="utf-8")
    return [sys.executable, "-m", "simdce", "run", str(scenario), "--out", str(scenario.with_suffix(".results"))]


def compare(rounds: int, quick: bool) -> Comparison:
    worlds = 100 if quick else 10_000
    large = f"simulate, {worlds:,} worlds x {SIZES[-1]:,} people x 6 years x {len(SIZES)} sizes"
    seconds: dict[str, float] = {}
    beside: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run = run_of(folder / "small.toml", 2_000, [5_000], ("mssp_basic_e",))
        everything = run_of(folder / "large.toml", worlds, list(SIZES), arrangements.names()[: 2 if quick else None])
        commands = {
            "Python and its imports": [sys.executable, "-c", IMPORTS],
            "simdce run, 5,000 people, first ever": run,
            "simdce run, 5,000 people, later": run,
            large: [sys.executable, "-c", LARGE.format(sizes=list(SIZES), worlds=worlds)],
            "simdce run of the same, every arrangement": everything,
        }
        for turn in range(1 if quick else min(rounds, 3)):
            for job, command in commands.items():
                if turn and command is everything:
                    continue  # it takes long enough
                cache = folder / (f"new {turn}" if "first" in job else "kept")
                environment = {**os.environ, "SIMDCE_CACHE_DIR": str(cache)}
                if turn == 0 and "later" in job:
                    watched(command, environment)
                spent = watched(command, environment)
                seconds[job] = min(seconds.get(job, spent.waited), spent.waited)
                beside[f"{job}: processor seconds"] = spent.worked
                beside[f"{job}: megabytes at most"] = spent.memory / 1e6
    title = "Whole processes, seconds by the clock"
    return Comparison(title, "process", "Python and its imports", seconds, {}, beside)
