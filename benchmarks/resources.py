"""What runs were said to need over what they took: ``python -m benchmarks.resources [--threads 2] [SCENARIO ...]``.

Each scenario (default: all of the folder) runs as a process of its own, with a second beside it unless ``--threads 1``.
Memory is the most that both hold at once, pages of libraries counted once; without /proc the peak of the larger. Time
is processor time, which other programs disturb least, of runs on one thread, and else by the clock. Constants of
simdce/resources/costs.toml are fitted to these.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.watched import watched
from simdce.resources import needs
from simdce.resources.machine import speed
from simdce.scenario import read_scenario

SCENARIOS = Path(__file__).parents[1] / "scenarios"


def taken(path: Path, threads: int) -> tuple[float, float]:
    """Bytes, and seconds, of ``simdce run``."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "simdce", "run", str(path), "--out", folder, "--threads", str(threads)]
        spent = watched([*command, "--json"])
    return spent.memory, spent.worked if threads == 1 else spent.waited


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenarios", nargs="*", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    print(f"{'scenario':40} {'MB':>6} {'said/taken':>10} {'s':>7} {'said/taken':>10}")
    for path in options.scenarios or sorted(SCENARIOS.glob("*.toml")):
        scenario = read_scenario(path)
        said = needs(scenario, speed(scenario, options.threads), options.threads)
        memory, time = taken(path, options.threads)
        print(f"{path.stem:40} {memory / 1e6:6.0f} {said.memory / memory:10.2f} {time:7.1f} {said.time / time:10.2f}")


if __name__ == "__main__":
    main()
