"""What the exact law as control variate is worth: equal-accuracy speed-ups, all measured in this run.

    python -m benchmarks.control_variate [--worlds 10000] [--size 15000] [--seed 1]

Of three performance years at once: the mean over the agreement and the mean of the worst year. The speed-up is the
ratio of variances times the ratio of processor seconds, simulation and settlement in both. Shocks and risk scores are
on or off; the statistic counts them, but not where caps on scores and the regional adjustment bend.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from simdce import metrics
from simdce.control import Controls
from simdce.errors import InputError
from simdce.scenario import Scenario, build_scenario
from simdce.studies.payment import Lived
from simdce.worlds import simulate

CASES: dict[str, dict[str, object]] = {
    "PGP demonstration, carry-forward": {"name": "pgp_demonstration"},
    "MSSP Track 1, one-sided": {"name": "mssp_track_1"},
    "MSSP BASIC E": {"name": "mssp_basic_e"},
    "MSSP ENHANCED": {"name": "mssp_enhanced"},
    "REACH Global, corridors": {"name": "reach_global"},
    "REACH Professional, corridors": {"name": "reach_professional"},
    "REACH Global, no stop-loss": {"name": "reach_global", "elections": {"stop_loss": False}},
}
TARGETS = {"PGP demonstration, carry-forward": 50.0, "REACH Global, corridors": 200.0}
"""Asked of the mean over the agreement."""


def scenario(options: argparse.Namespace, choice: dict[str, object], shocks: str, scores: bool) -> Scenario:
    return build_scenario(
        {
            "title": "control variate",
            "worlds": options.worlds,
            "seed": options.seed,
            "panel": {"sizes": [options.size], "price_year": 2024},
            "years": {"first_performance_year": 2024, "performance": 3},
            "savings": {"true": options.savings},
            "shocks": {"preset": shocks},
            "benchmark": {} if scores else {"risk_adjustment": False},
            "arrangements": [choice],
        }
    )


def measured(asked: Scenario) -> tuple[float, float, float, float]:
    """Speed-ups of the mean and of the mean of the worst year, processor seconds without control and of the control."""
    key, size = asked.arrangements[0].key, asked.panel.sizes[0]
    simulate(asked.model_copy(update={"worlds": 1}))  # compiles
    begin = time.process_time()
    panels = simulate(asked)
    net = Lived(asked, panels, size).settled(key)[0].net
    figures = net.sum(axis=1), net.min(axis=1)
    plain = [metrics.mean(figure) for figure in figures]
    settled = time.process_time()
    control = Controls(asked, panels).at(key, size)
    found = [control.mean(figure) for figure in figures]
    done = time.process_time()
    share = (settled - begin) / (done - begin)
    ratios = [
        (one.standard_error / other.standard_error) ** 2 * share if other.standard_error > 0 else np.nan
        for one, other in zip(plain, found, strict=True)
    ]
    return ratios[0], ratios[1], settled - begin, done - settled


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--worlds", type=int, default=10_000)
    parser.add_argument("--size", type=int, default=15_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--savings", type=float, default=0.02)
    options = parser.parse_args()
    print(f"{options.worlds:,} worlds of {options.size:,} people, true savings {options.savings:.1%}")
    print(f"{'':34}{'shocks':>9}{'scores':>7}{'mean':>9}{'worst':>8}{'seconds':>9}{'control':>9}")
    reached: dict[str, list[float]] = {}
    for title, choice in CASES.items():
        for shocks in ("none", "forecast"):
            for scores in (False, True):
                try:
                    mean, worst, before, control = measured(scenario(options, choice, shocks, scores))
                except InputError as error:
                    print(f"{title:34}{error}")
                    continue
                reached.setdefault(title, []).append(mean)
                told = "on" if scores else "off"
                print(f"{title:34}{shocks:>9}{told:>7}{mean:>8.1f}x{worst:>7.1f}x{before:>9.2f}{control:>9.2f}")
    for title, wanted in TARGETS.items():
        found = reached[title]
        met = sum(each >= wanted for each in found)
        print(f"{title}: {wanted:.0f} asked, {min(found):.1f} to {max(found):.1f} found, met in {met} of {len(found)}")


if __name__ == "__main__":
    main()
