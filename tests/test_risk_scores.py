"""Risk scores from the person to the benchmark: what they know, what caps let through, what stop-loss evens out."""

from __future__ import annotations

import csv
import os
from functools import cache
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import reference
from conftest import scenario_of, sized
from numpy.typing import NDArray

from simdce import calibration
from simdce.arrangements import load
from simdce.benchmarking.risk_adjustment import capped, capped_together, credited_growth
from simdce.errors import InputError
from simdce.scenario import Scenario, build_scenario
from simdce.settlements import experience, settle
from simdce.slot_law.moments import slot_moments
from simdce.slot_law.stop_loss import payout
from simdce.slots import slot_laws
from simdce.studies.payment import Lived
from simdce.worlds import PanelYears, simulate

FloatArray = NDArray[np.float64]
DATA = Path(os.environ.get("SIMDCE_DATA", Path(__file__).parents[2] / "shared" / "data"))

# Pure functions, by hand --------------------


def test_a_cap_moves_with_the_demographic_score() -> None:
    assert capped(1.05, 1.0, rise=0.03, fall=0.03, demographic_change=0.01) == pytest.approx(1.04)
    assert capped(0.95, 1.0, rise=0.03, fall=0.03, demographic_change=-0.01) == pytest.approx(0.96)


def test_without_a_cap_even_nothing_keeps_its_score() -> None:
    assert capped(0.0, 0.0, rise=np.inf, fall=np.inf) == 0.0
    assert capped(7.0, 1.0, rise=np.inf, fall=0.03) == 7.0


def test_categories_capped_together_keep_their_proportions() -> None:
    # 1.0 x 30 + 2.0 x 10 = 50 before, 1.2 x 30 + 2.0 x 10 = 56 after: at most 51.5
    found = capped_together(np.array([1.2, 2.0]), np.array([1.0, 2.0]), np.array([30.0, 10.0]), rise=0.03, fall=0.0)
    assert found == pytest.approx(np.array([1.2, 2.0]) * 51.5 / 56)
    assert found @ [30.0, 10.0] == pytest.approx(51.5)


def test_only_the_newly_assigned_bring_growth_by_coding() -> None:
    assert credited_growth(1.06, 0.25) == pytest.approx(1.015)
    assert credited_growth(0.97, 0.25) == pytest.approx(0.97)  # a fall counts for everybody


def test_stop_loss_pays_each_band_at_its_rate() -> None:
    # expected 10,000, attached at 20,000 and 50,000: half of 30,000 and nine tenths of 40,000
    paid = payout(np.array([15_000.0, 20_000.0, 90_000.0]), np.array(10_000.0), (2.0, 5.0), (0.5, 0.9))
    assert paid.tolist() == pytest.approx([0.0, 0.0, 15_000 + 36_000])


def test_the_coding_intensity_factor_of_2023_is_that_of_published_rows() -> None:
    """Capped over normalized score is the factor itself wherever no cap touched the entity: the most common value."""
    path = DATA / "reach_results_2021_2023.csv"
    if not path.is_file():
        pytest.skip(
            f"CMS public-use rows are not in the repository: set SIMDCE_DATA to the folder that holds {path.name}"
        )
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["aco_type"] == "Standard" and row["norm_risk_score"]]
    ratios = np.array([float(row["cif_cap_risk"]) / float(row["norm_risk_score"]) for row in rows])
    factor = load("reach_global").in_force([2023]).numbers("coding_intensity_factor")[0]
    untouched = np.abs(ratios - factor) < 0.0006  # the factors of the aged and disabled and of ESRD differ a little
    assert untouched.sum() > len(rows) / 4
    assert ratios[untouched].mean() == pytest.approx(factor, abs=0.0001)
    assert np.histogram(ratios, np.arange(0.8, 1.1, 0.001))[0].max() <= untouched.sum()


# What a score knows --------------------

CALIBRATED: dict[str, Any] = {"mix": dict.fromkeys(calibration.CATEGORIES, 0.25)}


@pytest.mark.parametrize("explained", [0.05, 0.12, 0.3])
def test_scores_explain_the_share_of_variance_asked_for(explained: float) -> None:
    for law in slot_laws(scenario_of(**CALIBRATED, risk_scores={"explained_variance": explained})).values():
        moments = slot_moments(law)
        # whole draws are coded: at most one of the 8 of the sickest class too many or too few
        assert moments.explained == pytest.approx(explained, rel=0.1)


def test_the_default_score_has_the_spread_that_its_r_squared_implies() -> None:
    """sqrt(.12) x CV of cost: .75 for the aged; calibration notes have about .8 at R-squared .125 and CV 2.2."""
    moments = slot_moments(slot_laws(scenario_of(**CALIBRATED))["aged_non_dual"])
    assert moments.score_sd == pytest.approx(sqrt(moments.explained) * moments.cv, rel=0.01)
    assert 0.7 < moments.score_sd < 0.85


def test_a_score_is_what_its_bearers_cost() -> None:
    """Regression of simulated cost on simulated score goes through the origin with slope 1 (calibration)."""
    law = slot_laws(scenario_of(mix={"aged_non_dual": 1.0}))["aged_non_dual"]
    found = reference.histories(law, 3, 3, sized(40, 4), sized(20_000, 2_000), 1)
    score = (law.scores[np.where(_coded(law, found), found.health_class + 1, 0)] / 1024).ravel()
    cost = (found.dollars / slot_moments(law).mean / slot_moments(law).presence).ravel()
    for level in np.unique(score):
        bearers = cost[score == level]
        if len(bearers) > 500:
            assert abs(bearers.mean() - level) < 4.5 * bearers.std() / sqrt(len(bearers)) + 0.001


def _coded(law: Any, found: reference.Histories) -> Any:
    """Who is coded, told by the score that they bear; grade 0 has a score of its own."""
    score = found.score_units // (32 - found.absent_units)
    assert len(set(law.scores.tolist())) == len(law.scores)
    return score != law.scores[0]


def test_panels_change_in_cost_as_their_scores_say_less_what_truncation_takes() -> None:
    """Real ACOs, aged non-dual: slope of log cost change on log score change .63 to .87 (calibration notes)."""
    panels, people = panels_of_all(), -1
    cost = panels.truncated_dollars[:, people, 3] / panels.person_years(people)[:, 3]
    score = panels.risk_scores(people)[:, 3]
    change, of_score = (np.diff(np.log(x), axis=-1)[:, -1] for x in (cost, score))
    slope = np.cov(change, of_score)[0, 1] / of_score.var(ddof=1)
    error = np.sqrt((change - slope * of_score).var() / of_score.var() / len(change))
    assert 0.63 - 4 * error < slope < 0.87 + 4 * error


def test_more_than_classes_know_is_refused_when_asked_for_and_cut_by_default() -> None:
    with pytest.raises(InputError, match=r"risk_scores\.explained_variance: health classes explain at most"):
        slot_laws(scenario_of(risk_scores={"explained_variance": 0.95}))
    blind = slot_laws(scenario_of(persistence={"lag_1_correlation": 0.0}))
    assert slot_moments(blind["aged_non_dual"]).explained == pytest.approx(0.0, abs=1e-6)


# From scores to benchmarks --------------------

SIZES = sized((1_000, 20_000), (100, 200))
WORLDS = sized(2_000, 30)
CHOICES = ("reach_global", "mssp_enhanced", "mssp_track_1", "lead_professional", "pioneer_core")


@cache
def panels_of_all() -> PanelYears:
    return simulate(_scenario())


def _scenario(**changes: Any) -> Scenario:
    written = {
        "title": "risk scores",
        "seed": 5,
        "worlds": 100,
        "panel": {"sizes": list(SIZES)},
        "years": {"first_performance_year": 2024, "performance": 3},
        "savings": {"true": 0.0},
        "shocks": {"preset": "none"},
        "arrangements": [{"name": name} for name in CHOICES],
        **changes,
    }
    return build_scenario(written).model_copy(update={"worlds": WORLDS})


def coding(growth: float, **changes: Any) -> tuple[Scenario, PanelYears]:
    return _scenario(risk_scores={"coding_growth": growth}, **changes), panels_of_all()


def lifted(name: str, growth: float, **changes: Any) -> tuple[FloatArray, FloatArray]:
    """Benchmark with growth by coding over the same without, mean over worlds, and its standard error, by year."""
    benchmarks = []
    for rate in (growth, 0.0):
        scenario, panels = coding(rate, **changes)
        benchmarks.append(Lived(scenario, panels, SIZES[-1]).settled(name)[1])
    ratio = benchmarks[0] / benchmarks[1]
    return ratio.mean(axis=0), ratio.std(axis=0) / sqrt(WORLDS)


def test_six_percent_a_year_meets_the_cap_of_three() -> None:
    """The seed's advice, aim for 6% growth to be sure of the 3%: capped scores are 1.03 of the reference year's.

    Without growth a panel of 20,000 keeps within the cap nearly always, so the ratio is 1.03 but for its noise.
    """
    mean, error = lifted("lead_professional", 0.06)
    assert (np.abs(mean - 1.03) <= 4 * error + 1e-3).all()
    mean, error = lifted("mssp_enhanced", 0.06)
    assert (np.abs(mean - 1.03) <= 4 * error + 2e-3).all()


def test_growth_below_the_cap_passes_whole() -> None:
    mean, _ = lifted("mssp_enhanced", 0.005)
    assert mean[0] == pytest.approx(1.005, abs=1e-3)
    assert lifted("mssp_track_1", 0.02)[0] == pytest.approx(1 + 0.25 * (1.02 ** np.arange(1, 4) - 1), rel=1e-9)
    assert lifted("pioneer_core", 0.06)[0] == pytest.approx(np.ones(3), rel=1e-12)


def test_voluntary_people_are_neither_capped_nor_blended() -> None:
    """All voluntary: full growth; half voluntary: half of what all would gain over none."""
    gains = {}
    for share in (0.0, 0.5, 1.0):
        scenario = _scenario(
            risk_scores={"coding_growth": 0.06}, panel={"sizes": list(SIZES), "voluntary_share": share}
        )
        gains[share] = Lived(scenario, panels_of_all(), SIZES[-1]).settled("reach_global")[1]
    assert gains[0.5] == pytest.approx(0.5 * (gains[0.0] + gains[1.0]), rel=1e-9)
    uncapped = _scenario(risk_scores={"coding_growth": 0.0}, panel={"sizes": list(SIZES), "voluntary_share": 1.0})
    without = Lived(uncapped, panels_of_all(), SIZES[-1]).settled("reach_global")[1]
    equity = 12 * (0.1 * 60 - 0.5 * 10) * panels_of_all().person_years(-1)[..., 3:].sum(axis=1)
    ratio = (gains[1.0] - equity) / (without - equity)
    assert ratio.mean(axis=0) == pytest.approx(1.06 ** np.arange(1, 4), rel=1e-9)


def test_a_panel_that_ages_costs_more_and_is_credited_for_it() -> None:
    older = _scenario(risk_scores={"demographic_growth": 0.01})
    as_before, aged = (settle(s, panels_of_all(), "mssp_track_1", SIZES[-1]) for s in (_scenario(), older))
    grown = 1.01 ** np.arange(1, 4)
    assert aged.gross_savings == pytest.approx(as_before.gross_savings * grown, rel=1e-9)


def test_scores_take_noise_out_of_the_savings_rate() -> None:
    """A score that knows 12% of cost leaves less to chance; the gain in variance is between nothing and that."""
    rates = {}
    for followed in (True, False):
        scenario = _scenario(benchmark={"risk_adjustment": followed})
        settlement, benchmark = Lived(scenario, panels_of_all(), SIZES[-1]).settled("mssp_track_1")
        rates[followed] = (settlement.gross_savings / benchmark)[:, 0]
    ratio = rates[True].var() / rates[False].var()
    both = rates[True], rates[False]
    noise = sqrt(4 * (1 - np.corrcoef(*both)[0, 1] ** 2) / WORLDS)
    assert 0.80 - 4 * noise < ratio < 1.0 + 4 * noise
    assert abs(rates[True].mean()) < 4 * rates[True].std() / sqrt(WORLDS)


# Stop-loss --------------------


def test_stop_loss_is_budget_neutral_and_takes_the_spread_that_was_fitted() -> None:
    scenario, panels = _scenario(), panels_of_all()
    older = _scenario(risk_scores={"demographic_growth": 0.05})
    aged = experience(older, panels, SIZES[-1], truncated=False, shocks=())
    lived = experience(scenario, panels, SIZES[-1], truncated=False, shocks=())
    assert lived.recovered is not None
    assert lived.stop_loss_charge is not None
    assert aged.recovered is not None
    assert aged.stop_loss_charge is not None
    assert aged.stop_loss_charge / aged.recovered == pytest.approx(lived.stop_loss_charge / lived.recovered)
    effect = ((lived.stop_loss_charge - lived.recovered) / lived.expenditure.mean(axis=0))[:, 0]
    assert abs(effect.mean()) < 4 * effect.std() / sqrt(WORLDS)
    # 40% of the mean cost per person (public-use files 2021-2023); the sd of an sd over so heavy a tail: by kurtosis
    spread = effect.std() * sqrt(SIZES[-1])
    kurtosis = ((effect - effect.mean()) ** 4).mean() / effect.var() ** 2
    assert spread == pytest.approx(0.40, rel=0.03 + 4 * sqrt((kurtosis - 1) / 4 / WORLDS))


def test_a_loading_is_paid_by_the_entity() -> None:
    plain, dearer = _scenario(), _scenario(stop_loss={"charge_loading": 0.25})
    cost = [experience(s, panels_of_all(), SIZES[0], truncated=False, shocks=()) for s in (plain, dearer)]
    assert cost[0].stop_loss_charge is not None
    nets = [settle(s, panels_of_all(), "reach_global", SIZES[0]).gross_savings for s in (plain, dearer)]
    assert nets[0] - nets[1] == pytest.approx(0.25 * cost[0].stop_loss_charge, rel=1e-9)


def test_bands_of_ones_own_need_as_many_rates() -> None:
    with pytest.raises(InputError, match="same number of entries"):
        _scenario(stop_loss={"attachments": [3.0, 6.0], "payout_rates": [0.5]})
    with pytest.raises(InputError, match=r"stop_loss\.attachments: empty"):
        _scenario(stop_loss={"attachments": [], "payout_rates": []})
    with pytest.raises(InputError, match="together"):
        _scenario(stop_loss={"attachments": [3.0, 6.0]})
