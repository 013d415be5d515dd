"""A million random contracts settled twice: by the package, and in decimal arithmetic from the text of the rules.

    python -m benchmarks.settlement_oracle [--contracts 1000000] [--seed 1] [--processes 2]

Every arrangement in the folder, performance years in and around its own, all elections, overridden numbers now and
then; fifty results a choice of these, half of them where the rules turn. Both settlements must agree within a cent in
what is earned, what is owed and what moves, in each year. Prints every disagreement in full, and exits with 1.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from multiprocessing import Pool
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from random_contracts import disagreements  # type: ignore[import-not-found, unused-ignore]

RESULTS, BATCH = 50, 5000
"""Results of each choice, contracts of each batch."""


def batch(seeded: tuple[int, int, int]) -> tuple[int, list[str]]:
    """How many contracts a numbered batch held, and the disagreements in it."""
    seed, number, contracts = seeded
    random = Random(f"settlement oracle {seed} {number}")
    found: list[str] = []
    for done in range(0, contracts, RESULTS):
        found += disagreements(random, min(RESULTS, contracts - done))
    return contracts, found


def batches(contracts: int, seed: int) -> Iterator[tuple[int, int, int]]:
    for number, done in enumerate(range(0, contracts, BATCH)):
        yield seed, number, min(BATCH, contracts - done)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--contracts", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    begin, settled, wrong = time.monotonic(), 0, 0
    with Pool(options.processes) as pool:
        for count, found in pool.imap_unordered(batch, batches(options.contracts, options.seed)):
            settled, wrong = settled + count, wrong + len(found)
            for one in found:
                print(one)
            rate = settled / (time.monotonic() - begin)
            print(
                f"\r{settled:,} contracts, {rate:,.0f} a second, {wrong} disagree", end="", file=sys.stderr, flush=True
            )
    print(file=sys.stderr)
    print(f"{settled:,} contracts (seed {options.seed}): {wrong} disagree by more than a cent")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
