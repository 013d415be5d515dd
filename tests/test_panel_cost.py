"""The law of a panel's yearly cost against laws known in closed form, convolution, and simulated people."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
import reference
from conftest import scenario_of, sized
from scipy import fft, stats

from simdce.costs.gamma import gamma
from simdce.errors import InputError
from simdce.exact.panel_cost import cost_law_of, panel_cost_law
from simdce.slot_law import SlotLaw, SlotModel, frozen
from simdce.slot_law.moments import frozen_mass
from simdce.slots import slot_laws

CHANCES = np.array([0.001, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999])


def of_gamma(mean: float, cv: float) -> SlotLaw:
    return frozen(SlotModel(gamma(mean, cv, 0.0), mortality=0.0, steepness=0.0, kept=0.5, leave=0.2))


@pytest.mark.parametrize(("people", "cv"), [(200, 2.0), (5_000, 1.0), (1_000_000, 2.5)])
def test_gammas_add_up_to_a_gamma(people: int, cv: float) -> None:
    """Tables hold conditional means of cells: the mean is exact, the variance short by less than a thousandth."""
    law = cost_law_of([(of_gamma(12_000.0, cv), people)])
    total = stats.gamma(people / cv**2, scale=12_000.0 * cv**2 / people)
    assert law.mean == pytest.approx(12_000.0, rel=1e-6)
    assert law.sd == pytest.approx(total.std(), rel=1e-3)
    assert law.cdf(total.ppf(CHANCES)) == pytest.approx(CHANCES, abs=5e-4)


def test_whole_dollars_by_convolution() -> None:
    """Costs of a few dollars, so that thirty people's total can be convolved without rounding."""
    small = of_gamma(20.0, 1.5)
    costs, mass = small.costs.ravel(), frozen_mass(small).ravel()
    one = np.bincount(costs, weights=mass)
    size = 1 << 16
    total = fft.irfft(fft.rfft(one, size) ** 30, size)
    law = cost_law_of([(small, 30)])
    at = np.arange(200, 1_400, 37)
    # a distribution function that jumps is met half way at whole dollars, and between them exactly
    assert law.cdf((at + 0.5) / 30) == pytest.approx(np.cumsum(total)[at], abs=2e-4)
    assert law.error_bound < 1e-8


def test_simulated_panels_follow_the_law() -> None:
    slots, worlds = sized((1_000, 3_000), (100, 100))
    frozen_slot = slot_laws(scenario_of(mix={"aged_dual": 1.0}))["aged_dual"]
    for truncated in (True, False):
        law = cost_law_of([(frozen_slot, slots)], truncated=truncated)
        found = reference.histories(frozen_slot, 8, 2, worlds, slots, 1)
        means = (found.truncated_dollars if truncated else found.dollars)[0].mean(axis=1)
        chances = (means[:, None] <= law.quantile(CHANCES[1:-1])).mean(axis=0)
        errors = np.sqrt(CHANCES[1:-1] * (1 - CHANCES[1:-1]) / worlds)
        assert np.abs((chances - CHANCES[1:-1]) / errors).max() < 4
        assert abs(means.mean() - law.mean) < 4 * law.sd / sqrt(worlds)


def test_a_scenarios_panel_is_its_categories_together() -> None:
    scenario = scenario_of(sizes=(2_000,))
    law = panel_cost_law(scenario, 2_000)
    assert law.quantile(law.cdf([0.9 * law.mean, law.mean])) == pytest.approx([0.9 * law.mean, law.mean])
    assert (np.diff(law.cdf(np.linspace(0.5, 2.0, 60) * law.mean)) >= -law.error_bound).all()
    assert panel_cost_law(scenario, 2_000, truncated=True).mean < law.mean
    with pytest.raises(InputError, match="between 0 and 1"):
        law.quantile(1.0)
