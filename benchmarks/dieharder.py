"""The battery of tests dieharder on the words of ``random_words.py``, its lines kept as text.

    python -m benchmarks.dieharder REPORT [--order slots] [--take words] [--seed 1] [--short] [--only 1 2 8]

Every test of ``dieharder -a`` with its own settings, each on words of a seed of its own, so that the p-values are
independent. Of the 33 lagged sums those of more than seven words apart get 20 samples instead of 100, since they would
read 200 gigabytes to say the same; ``--short`` leaves them out, ``--only`` all but some numbers. A p-value below .005
or above .995 is called WEAK: one in a hundred is, of a perfect generator too, so the report counts them and says how
many to expect.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

WEAK, FAILED = 0.005, 1e-6
"""Dieharder's own limits, on either side."""

PLAIN = (*range(18), 100, 101, 102, 204, 205, 206, 207, 208, 209)
TUPLES = {200: range(1, 13), 201: range(2, 6), 202: range(2, 6)}
LAGGED, FULL_LAGS, LAGS, FEWER = 203, 8, 33, "20"

_LINE = re.compile(r"^\s*(\w+)\|\s*(\d+)\|\s*\d+\|\s*\d+\|\s*([\d.]+)\|\s*(PASSED|WEAK|FAILED)")


def tests(short: bool) -> Iterator[tuple[str, ...]]:
    """Arguments of dieharder, one tuple a test."""
    yield from (("-d", str(number)) for number in PLAIN)
    yield from (("-d", str(number), "-n", str(n)) for number, found in TUPLES.items() for n in found)
    if not short:
        yield from (("-d", str(LAGGED), "-n", str(n)) for n in range(FULL_LAGS))
        yield from (("-d", str(LAGGED), "-n", str(n), "-p", FEWER) for n in range(FULL_LAGS, LAGS))


def p_values(text: str) -> list[float]:
    """Of every line of results."""
    return [float(found[3]) for line in text.splitlines() if (found := _LINE.match(line))]


def verdict(values: list[float]) -> str:
    """How many are extreme, and how many would be of perfect words."""
    extreme = [min(p, 1 - p) for p in values]
    weak, failed = (sum(each < limit for each in extreme) for limit in (WEAK, FAILED))
    return (
        f"{len(values)} p-values: {weak - failed} weak ({2 * WEAK * len(values):.1f} expected of perfect words), "
        f"{failed} failed, smallest {min(values):.2g}, largest {max(values):.8g}"
    )


def run(stream: list[str], arguments: tuple[str, ...]) -> str:
    """The lines of results of one test on a stream."""
    words = subprocess.Popen([sys.executable, "-m", "benchmarks.random_words", *stream], stdout=subprocess.PIPE)
    done = subprocess.run(
        ["dieharder", "-g", "200", *arguments], stdin=words.stdout, capture_output=True, text=True, check=True
    )
    assert words.stdout is not None
    words.stdout.close()
    words.wait()
    return "".join(f"{line}\n" for line in done.stdout.splitlines() if _LINE.match(line))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("report", type=Path)
    parser.add_argument("--order", default="slots")
    parser.add_argument("--take", default="words")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--only", nargs="+", help="numbers of tests, in place of all")
    options = parser.parse_args()
    if shutil.which("dieharder") is None:
        print("dieharder is not installed: apt-get install dieharder")
        return 2
    version = subprocess.run(["dieharder", "-l"], capture_output=True, text=True, check=False).stdout
    named = re.search(r"dieharder version [\d.]+", version)
    stream = ["--order", options.order, "--take", options.take]
    command = " ".join(["python -m benchmarks.dieharder", options.report.name, *stream, "--seed", str(options.seed)])
    command += " --short" * options.short + (" --only " + " ".join(options.only) if options.only else "")
    with options.report.open("w", encoding="utf-8") as report:
        report.write(f"{date.today()}, {named[0] if named else 'dieharder'}\n{command}\n")
        report.write(
            "test, parameter, samples, p-samples, p-value, verdict; then arguments of dieharder and the seed\n\n"
        )
        values: list[float] = []
        for number, arguments in enumerate(tests(options.short)):
            if options.only and arguments[1] not in options.only:
                continue
            seed = str(1000 * options.seed + number)
            lines = run([*stream, "--seed", seed], arguments)
            values += p_values(lines)
            report.writelines(f"{line}  {' '.join(arguments)}  seed {seed}\n" for line in lines.splitlines())
            report.flush()
        report.write(f"\n{verdict(values)}\n")
    print(verdict(values))
    return 0


if __name__ == "__main__":
    sys.exit(main())
