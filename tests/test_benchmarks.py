"""What is timed side by side computes the same: to the bit where both have the same integers, else within its error.

Nothing here asserts a time.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import INTERPRETED

from benchmarks import __main__ as program
from benchmarks import drawing, exact_law, kernel, monte_carlo, naive, panel_mean, scaling
from benchmarks.rounds import Comparison, Job, best_of
from simdce.kernel import machine_code
from simdce.settlements import settle
from simdce.worlds import MEASURED, simulate

COMPILED = pytest.mark.skipif(INTERPRETED, reason="nothing is compiled")


@pytest.fixture(scope="module")
def single() -> Any:
    return kernel.scenario({"aged_non_dual": 1.0})


@pytest.fixture(scope="module")
def totals(single: Any) -> np.ndarray:
    """W2 by vectors in two worlds (world, segment, year, measure)."""
    job, _ = kernel.by_all(single, "W2", kernel.W2)["W2, vectors, 1 thread"]
    return np.asarray(job(2)[0])


# ------------------------------------------------------------------------------------------------ job W2


@COMPILED
@pytest.mark.parametrize("name", ["W2, vectors, 2 threads", "W2, plain loop, 1 thread", "W2, plain loop, 2 threads"])
def test_every_path_and_thread_count_gives_the_same_totals(name: str, single: Any, totals: np.ndarray) -> None:
    job, _ = kernel.by_all(single, "W2", kernel.W2)[name]
    np.testing.assert_array_equal(job(2)[0], totals)


@COMPILED
def test_numpy_gives_the_same_totals(single: Any, totals: np.ndarray) -> None:
    np.testing.assert_array_equal(kernel.numpy_job(single)(2), totals.cumsum(axis=1).astype(np.int64))


@COMPILED
@pytest.mark.skipif(not (shutil.which("gcc") or shutil.which("clang")), reason="no C compiler")
def test_c_gives_the_same_totals(single: Any, totals: np.ndarray) -> None:
    drivers = kernel.by_hand(single)
    assert "plain" in drivers
    for name, job in drivers.items():
        np.testing.assert_array_equal(job(2)[0], totals, err_msg=name)


@COMPILED
def test_the_job_is_what_a_simulation_does() -> None:
    model = kernel.scenario(None).model_copy(update={"worlds": 3})
    run = machine_code.kernel(kernel.YEARS, MEASURED).simulate
    found = kernel.kernel_job(model, 2, run, MEASURED)(3)
    panels = simulate(model)
    for measure, name in enumerate(MEASURED):
        largest = getattr(panels, name)[:, -1]
        for category, of_category in enumerate(found):
            np.testing.assert_array_equal(of_category[..., measure].sum(axis=1).astype(np.int64), largest[:, category])


@COMPILED
def test_the_naive_jobs_agree_with_each_other() -> None:
    """Means over people and worlds; errors from the spread between worlds."""
    sizes = (500, 2_000)
    sides = [naive.numpy_job(sizes)(60), naive.numba_job(sizes, 2)(60)]
    assert all(np.all(side[:, 0, :, 3] <= side[:, 1, :, 3]) for side in sides)  # nested
    means = [side[:, 1] for side in sides]
    error = np.sqrt(sum(side.var(axis=0, ddof=1) / len(side) for side in means))
    z = (means[0].mean(axis=0) - means[1].mean(axis=0)) / error
    assert np.abs(z).max() < 4.5


# ------------------------------------------------------------------------------------------------ means and laws


SIDES: list[Callable[[int], Any]] = [monte_carlo.by_numpy, monte_carlo.by_numba]


@COMPILED
@pytest.mark.parametrize("replicates", [400])
def test_every_side_draws_the_same_mean_cost(replicates: int) -> None:
    """Mean within its error of $12,000; standard deviation of the mean that of the lognormal."""
    sides = {"kernel": monte_carlo.by_kernel(replicates), **{side.__name__: side(replicates) for side in SIDES}}
    if shutil.which("Rscript"):
        sides["R"] = monte_carlo.by_r(replicates)[1]
    spread = panel_mean.MEAN * panel_mean.CV / np.sqrt(panel_mean.PEOPLE)
    for name, means in sides.items():
        assert len(means) == replicates
        assert abs(means.mean() - panel_mean.MEAN) < 4 * spread / np.sqrt(replicates), name
        # the sum of 15,000 lognormals is skewed, 0.12: the error of its spread is near that of a normal
        assert abs(means.std(ddof=1) / spread - 1) < 4 / np.sqrt(2 * replicates) + 0.01, name


@pytest.mark.skipif(not find_spec("gemact"), reason="GEMAct is not installed")
def test_gemact_draws_the_same_mean_cost() -> None:
    mean, deviation = monte_carlo.by_gemact(400)
    spread = panel_mean.MEAN * panel_mean.CV / np.sqrt(panel_mean.PEOPLE)
    assert abs(mean - panel_mean.MEAN) < 4 * spread / np.sqrt(400)
    assert abs(deviation / spread - 1) < 4 / np.sqrt(800) + 0.01


def test_the_law_of_the_mean_is_that_of_the_fine_transform() -> None:
    assert np.abs(panel_mean.ours() - panel_mean.reference()).max() < 1e-4


@pytest.mark.skipif(not find_spec("aggregate"), reason="aggregate is not installed")
def test_aggregate_has_the_same_law_of_the_mean() -> None:
    assert np.abs(panel_mean.theirs(18) - panel_mean.reference()).max() < 1e-3


def test_warm_and_cold_laws_are_one() -> None:
    model = exact_law.ExactModel(exact_law.scenario((exact_law.KEY,)))
    exact_law.law(model, 3_000)
    np.testing.assert_array_equal(
        exact_law.law(model), exact_law.law(exact_law.ExactModel(exact_law.scenario((exact_law.KEY,))))
    )


def test_a_cell_of_the_grid_is_the_payment_simulated() -> None:
    if INTERPRETED:
        pytest.skip("needs thousands of worlds")
    (mean,) = exact_law.grid((exact_law.KEY,), [2_000])[0]
    asked = exact_law.scenario((exact_law.KEY,))
    panel = asked.panel.model_copy(update={"sizes": (2_000,)})
    asked = asked.model_copy(update={"worlds": 4_000, "panel": panel})
    net = settle(asked, simulate(asked), exact_law.KEY).net[:, 0]
    assert abs(net.mean() - mean) < 4 * net.std() / np.sqrt(len(net))


# ------------------------------------------------------------------------------------------------ growth


def test_jobs_grow_by_what_they_say() -> None:
    made = scaling.scenario(people=24_000, years=2, sizes=4, rules=3, worlds=200)
    assert made.panel.sizes == (6_000, 12_000, 18_000, 24_000)
    assert (made.worlds, made.years.total, len(made.arrangements)) == (200, 5, 3)


def test_an_exponent_is_the_slope_of_logarithms() -> None:
    assert scaling.exponent({n: 3.0 * n**0.7 for n in (1, 2, 4, 8)}) == pytest.approx(0.7)


# ------------------------------------------------------------------------------------------------ the programme


def told(**missing: str) -> Comparison:
    return Comparison("a title", "job", "ours", {"ours": 2e-3, "theirs": 0.05}, missing, {"exponent": 0.98})


def test_rounds_are_in_turns_and_the_least_counts() -> None:
    order: list[str] = []

    def run(name: str) -> float:
        order.append(name)
        return {"a": 3.0, "b": 1.0}[name] + len(order)

    best = best_of(2, {name: Job(lambda name=name: run(name), 2.0, own_clock=True) for name in "ab"})  # type: ignore[misc]
    assert order == ["a", "b", "a", "b", "a", "b"]
    assert best == {"a": (3 + 3) / 2, "b": (1 + 4) / 2}


def test_the_table_has_ratios_and_names_what_is_missing() -> None:
    text = program.table(told(R="apt-get install r-base-core"))
    assert "25" in text.splitlines()[3].split()
    assert "50 ms" in text
    assert "exponent: 0.98" in text
    assert text.splitlines()[-1] == "  left out: R, not installed; apt-get install r-base-core"


def test_what_is_not_installed_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monte_carlo, "find_spec", lambda name: None)
    monkeypatch.setattr(monte_carlo.shutil, "which", lambda name: None)
    assert set(monte_carlo.sides()) == {"simdce", "NumPy, best idiom", "naive numba"}


def test_the_figure_has_every_job() -> None:
    figure = drawing.drawn({"one": told(), "two": told()}, "a machine")
    written = {text.get_text() for ax in figure.axes for text in ax.get_yticklabels()}
    assert written == {"ours", "theirs"}
    assert [text.get_text() for text in figure.axes[0].texts] == ["1", "25"]


@COMPILED
def test_the_programme_prints_draws_and_writes_json(tmp_path: Path) -> None:
    asked = ["--quick", "--only", "panel_mean", "--figure", str(tmp_path / "f.svg"), "--json", "-"]
    done = subprocess.run([sys.executable, "-m", "benchmarks", *asked], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)["comparisons"]["panel_mean"]
    assert found["ratios"]["simdce"] == 1.0
    assert ("aggregate" in found["missing"]) != bool(find_spec("aggregate"))
    assert "times the base" in done.stderr
    assert (tmp_path / "f.svg").stat().st_size > 1000
