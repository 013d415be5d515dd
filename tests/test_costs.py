"""Cost laws: partial means against numerical integration, closed forms, catastrophic knobs, observed costs in files."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from simdce import calibration
from simdce.costs import CostLaw
from simdce.costs.catastrophic import CatastrophicTail
from simdce.costs.empirical import FEWEST_ROWS, Empirical, observed, read_costs
from simdce.costs.gamma import gamma
from simdce.costs.lognormal_mixture import LognormalMixture, lognormal
from simdce.costs.scaled import Scaled
from simdce.errors import InputError

SHARES = np.array([1e-9, 1e-6, 1e-4, 0.003, 0.01, 0.0100001, 0.05, 0.2, 0.5, 0.8, 0.95, 0.999])


def calibrated(category: str) -> LognormalMixture:
    """The shape of a category at a mean of $10,000, written out from the calibration."""
    shape = calibration.default("shape")[category]
    acute, acute_mean = shape["acute_weight"], shape["acute_mean"]
    ambulatory = 1 - shape["zero_share"] - acute
    means = (10_000 * (1 - acute * acute_mean) / ambulatory, 10_000 * acute_mean)
    return LognormalMixture((ambulatory, acute), means, (shape["ambulatory_log_sd"], shape["acute_log_sd"]))


AGED = calibrated("aged_non_dual")
LAWS: dict[str, CostLaw] = {
    **{name: calibrated(name) for name in calibration.CATEGORIES},
    "lognormal": lognormal(10_000, 2.0),
    "lognormal with zeros": lognormal(10_000, 3.0, 0.4),
    "narrow lognormal": lognormal(10_000, 0.3),
    "wide lognormal": lognormal(10_000, 10.0),
    "gamma": gamma(10_000, 2.0),
    "gamma with zeros": gamma(10_000, 1.5, 0.3),
    "narrow gamma": gamma(10_000, 0.3),
    "scaled": Scaled(lognormal(10_000, 2.0), 0.37),
    "more frequent": CatastrophicTail(AGED, frequency_multiplier=3.0),
    "rarer": CatastrophicTail(AGED, frequency_multiplier=0.2),
    "more severe": CatastrophicTail(AGED, severity_multiplier=2.5),
    "capped": CatastrophicTail(AGED, severity_multiplier=0.0),
    "Pareto": CatastrophicTail(AGED, pareto_index=3.3),
    "heavy Pareto": CatastrophicTail(AGED, tail_share=0.05, frequency_multiplier=0.5, pareto_index=1.6),
    "all knobs": CatastrophicTail(gamma(10_000, 1.0, 0.2), 0.02, 2.0, 1.7, 2.5),
}


def integrated(law: CostLaw, low: float, high: float) -> float:
    """The integral of the upper quantile by Gauss-Legendre, in pieces of a quarter octave and none across a kink."""
    inside = {2.0 ** (-k / 4) for k in range(200)} | {getattr(law, "new_share", low)}
    edges = [low, *sorted(v for v in inside if low < v < high), high]
    return float(sum(integrate.fixed_quad(law.upper_quantile, a, b, n=20)[0] for a, b in pairwise(edges)))


@pytest.mark.parametrize("name", LAWS)
def test_partial_mean_is_the_integral_of_the_quantile(name: str) -> None:
    law = LAWS[name]
    for low, high in ((1e-6, 0.009), (0.011, 0.3), (0.4, 0.59)):
        expected = integrated(law, low, high)
        partial = law.upper_partial_mean(np.array([low, high]))
        assert partial[1] - partial[0] == pytest.approx(expected, rel=1e-6, abs=1e-9 * law.mean), (low, high)


@pytest.mark.parametrize("name", LAWS)
def test_limits(name: str) -> None:
    law = LAWS[name]
    partial = law.upper_partial_mean(np.array([0.0, 1.0]))
    assert partial[0] == 0
    assert partial[1] == pytest.approx(law.mean, rel=1e-12)
    assert law.upper_partial_mean(np.array([1e-15]))[0] < 1e-4 * law.mean
    nobody, everybody = law.upper_quantile(np.array([0.0, 1.0]))
    assert nobody >= law.upper_quantile(np.array([1e-12]))[0]  # not NaN, whatever the knobs
    assert everybody == pytest.approx(0, abs=1e-6 * law.mean)


@pytest.mark.parametrize("name", LAWS)
def test_order(name: str) -> None:
    """Quantiles fall, partial means rise and bend down (each further person costs less)."""
    law, v = LAWS[name], np.linspace(1e-6, 1, 4001)
    quantile, partial = law.upper_quantile(v), law.upper_partial_mean(v)
    assert (np.diff(quantile) <= 1e-9 * law.mean).all()
    assert (np.diff(partial) >= -1e-9 * law.mean).all()
    assert (np.diff(partial, 2) <= 1e-9 * law.mean).all()
    assert (quantile >= 0).all()
    assert law.upper_quantile(v.reshape(1, -1, 1)).shape == (1, 4001, 1)


@pytest.mark.parametrize("name", LAWS)
def test_few_scalars(name: str) -> None:
    """The law of a share does not depend on the others asked with it."""
    law = LAWS[name]
    together = law.upper_partial_mean(SHARES)
    alone = [law.upper_partial_mean(np.array([share]))[0] for share in SHARES]
    np.testing.assert_allclose(together, alone, rtol=1e-12)


# ------------------------------------------------------------------------------------------------ closed forms


def test_a_mixture_survives_as_its_lognormals_do() -> None:
    for dollars in (100.0, 5_000.0, 30_000.0, 200_000.0):
        expected = sum(
            w * stats.lognorm.sf(dollars, s, scale=m * np.exp(-s * s / 2))
            for w, m, s in zip(AGED.weights, AGED.means, AGED.log_sds, strict=True)
        )
        assert AGED.survival(np.array([dollars]))[0] == pytest.approx(expected, rel=1e-12)
        assert AGED.upper_quantile(np.array([expected]))[0] == pytest.approx(dollars, rel=1e-12)


def test_people_without_cost_cost_nothing() -> None:
    law = lognormal(10_000, 3.0, 0.4)
    assert law.upper_quantile(np.array([0.6, 0.7, 1.0])).tolist() == [0, 0, 0]
    assert law.upper_quantile(np.array([0.5999]))[0] > 0
    assert law.upper_partial_mean(np.array([0.6]))[0] == pytest.approx(law.mean)
    assert gamma(10_000, 1.5, 0.3).upper_quantile(np.array([0.7, 0.9])).tolist() == [0, 0]


def second_moment(law: LognormalMixture) -> float:
    return float(sum(w * m * m * np.exp(s * s) for w, m, s in zip(law.weights, law.means, law.log_sds, strict=True)))


@given(st.floats(10, 1e6), st.floats(0.1, 20), st.floats(0, 0.9))
def test_a_lognormal_has_the_mean_and_cv_asked_for(mean: float, cv: float, zero_share: float) -> None:
    if (1 - zero_share) * (1 + cv * cv) <= 1.0:
        with pytest.raises(ValueError, match="zero share"):
            lognormal(mean, cv, zero_share)
        return
    law = lognormal(mean, cv, zero_share)
    assert law.mean == pytest.approx(mean, rel=1e-9)
    assert second_moment(law) == pytest.approx(mean**2 * (1 + cv * cv), rel=1e-9)
    assert sum(law.weights) == pytest.approx(1 - zero_share)


@given(st.floats(10, 1e6), st.floats(0.1, 20), st.floats(0, 0.9))
def test_a_gamma_has_the_mean_and_cv_asked_for(mean: float, cv: float, zero_share: float) -> None:
    if (1 - zero_share) * (1 + cv * cv) <= 1.0:
        with pytest.raises(ValueError, match="zero share"):
            gamma(mean, cv, zero_share)
        return
    law = gamma(mean, cv, zero_share)
    assert law.mean == pytest.approx(mean, rel=1e-9)
    second = (1 - zero_share) * law.shape * (1 + law.shape) * law.scale**2
    assert second == pytest.approx(mean**2 * (1 + cv * cv), rel=1e-8)


def test_a_gamma_survives_as_scipy_says() -> None:
    law = gamma(10_000, 1.5, 0.3)
    dollars = np.array([10.0, 5_000.0, 80_000.0])
    survival = 0.7 * stats.gamma.sf(dollars, law.shape, scale=law.scale)
    np.testing.assert_allclose(law.upper_quantile(survival), dollars, rtol=1e-9)


def test_a_scaled_law_is_the_same_law_in_other_dollars() -> None:
    law = Scaled(AGED, 2.5)
    np.testing.assert_allclose(law.upper_quantile(SHARES), 2.5 * AGED.upper_quantile(SHARES), rtol=1e-15)
    np.testing.assert_allclose(law.upper_partial_mean(SHARES), 2.5 * AGED.upper_partial_mean(SHARES), rtol=1e-15)


# ------------------------------------------------------------------------------------------------ catastrophic claims


def test_neutral_knobs_change_nothing() -> None:
    law = CatastrophicTail(AGED)
    assert law.mean == pytest.approx(AGED.mean, rel=1e-12)
    np.testing.assert_allclose(law.upper_quantile(SHARES), AGED.upper_quantile(SHARES), rtol=1e-9)
    np.testing.assert_allclose(law.upper_partial_mean(SHARES), AGED.upper_partial_mean(SHARES), rtol=1e-9)


@given(st.floats(0.05, 20), st.floats(1.0001, 8))
def test_frequency_multiplies_the_chance_of_every_catastrophe(frequency: float, beyond: float) -> None:
    """P(X > t) is multiplied for every t above the threshold."""
    law = CatastrophicTail(AGED, 0.01, frequency_multiplier=frequency)
    dollars = law.threshold * beyond
    above = AGED.survival(np.array([dollars]))
    assert law.upper_quantile(frequency * above)[0] == pytest.approx(dollars, rel=1e-6)


@given(st.floats(0, 20), st.floats(0.1, 5))
def test_severity_multiplies_the_mean_excess(severity: float, frequency: float) -> None:
    law = CatastrophicTail(AGED, 0.01, frequency, severity)

    def mean_excess(of: CostLaw, share: float) -> float:
        return float(of.upper_partial_mean(np.array([share]))[0]) / share - law.threshold

    assert mean_excess(law, law.new_share) == pytest.approx(severity * mean_excess(AGED, 0.01), rel=1e-6, abs=1e-6)


@given(st.floats(1.5001, 50), st.floats(0.1, 5), st.floats(1, 100))
def test_a_pareto_index_gives_its_survival_and_mean_excess(index: float, frequency: float, beyond: float) -> None:
    law = CatastrophicTail(AGED, 0.01, frequency, pareto_index=index)
    share = law.new_share * beyond**-index
    assert law.upper_quantile(np.array([share]))[0] == pytest.approx(law.threshold * beyond, rel=1e-9)
    assert law.upper_partial_mean(np.array([share]))[0] == pytest.approx(
        share * law.threshold * beyond * index / (index - 1), rel=1e-9
    )


@pytest.mark.parametrize("frequency", [0.2, 1.0, 4.0])
def test_below_the_threshold_only_the_ranks_move(frequency: float) -> None:
    """The body keeps its law given that it is below the threshold, and joins the tail without a step."""
    law = CatastrophicTail(AGED, 0.01, frequency)
    given_below = np.array([0.001, 0.2, 0.7])
    mine = law.upper_quantile(law.new_share + given_below * (1 - law.new_share))
    base = AGED.upper_quantile(0.01 + given_below * 0.99)
    np.testing.assert_allclose(mine, base, rtol=1e-9)
    near = law.upper_quantile(law.new_share * np.array([1 - 1e-9, 1 + 1e-9]))
    assert near[0] == pytest.approx(near[1], rel=1e-6)


def test_the_mean_moves_by_what_the_knobs_say() -> None:
    threshold, tail = CatastrophicTail(AGED).threshold, 0.01
    in_tail = AGED.upper_partial_mean(np.array([tail]))[0]
    body = AGED.mean - in_tail
    doubled = CatastrophicTail(AGED, tail, frequency_multiplier=2.0)
    assert doubled.mean == pytest.approx(2 * in_tail + body * 0.98 / 0.99, rel=1e-12)
    severer = CatastrophicTail(AGED, tail, severity_multiplier=3.0)
    assert severer.mean == pytest.approx(AGED.mean + 2 * (in_tail - tail * threshold), rel=1e-12)


# ------------------------------------------------------------------------------------------------ observed costs


@given(st.lists(st.tuples(st.floats(0, 1e6), st.floats(0.01, 2)), min_size=3, max_size=40))
def test_an_empirical_law_is_its_data(people: list[tuple[float, float]]) -> None:
    costs, weights = (np.array(column) for column in zip(*people, strict=True))
    law = observed(costs, weights)
    assert law.mean == pytest.approx(np.average(costs, weights=weights), rel=1e-9, abs=1e-9)
    order = np.argsort(-costs, kind="stable")
    ends = np.cumsum(weights[order]) / weights.sum()
    starts = np.concatenate([[0.0], ends[:-1]])
    np.testing.assert_array_equal(law.upper_quantile(0.5 * (starts + ends)), costs[order])
    dollars = np.cumsum((weights * costs)[order]) / weights.sum()
    np.testing.assert_allclose(law.upper_partial_mean(ends), dollars, rtol=1e-9, atol=1e-6)
    np.testing.assert_allclose(law.upper_partial_mean(np.array([0.0, 1.0])), [0, law.mean], rtol=1e-9, atol=1e-6)


def test_an_empirical_law_ignores_the_order_of_its_rows() -> None:
    rng = np.random.default_rng(1)
    costs, weights = rng.lognormal(8, 2, 500), rng.uniform(0.1, 1, 500)
    shuffled = rng.permutation(500)
    one, other = observed(costs, weights), observed(costs[shuffled], weights[shuffled])
    np.testing.assert_array_equal(one.costs, other.costs)
    np.testing.assert_array_equal(one.weights, other.weights)


def test_an_empirical_partial_mean_is_the_integral_of_its_quantile() -> None:
    law = observed(np.random.default_rng(2).lognormal(8, 2, 300))
    v = np.linspace(0, 1, 300 * 8 + 1)
    middles = 0.5 * (v[1:] + v[:-1])
    rectangles = np.cumsum(law.upper_quantile(middles)) / len(middles)
    np.testing.assert_allclose(law.upper_partial_mean(v[1:]), rectangles, rtol=1e-9)


def csv_of(*rows: str, header: str = "id,paid,years", people: int = FEWEST_ROWS) -> str:
    plain = [f"{number},{100 + number},1" for number in range(people)]
    return "\n".join([header, *plain, *rows]) + "\n"


def file_with(folder: Path, content: str | bytes) -> Path:
    file = folder / "costs.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def test_a_plain_file_is_read(tmp_path: Path) -> None:
    law = read_costs(file_with(tmp_path, csv_of()), "paid")
    assert isinstance(law, Empirical)
    assert law.costs.tolist() == [float(cost) for cost in range(199, 99, -1)]
    assert law.weights.tolist() == pytest.approx([0.01] * 100)


@pytest.mark.parametrize(
    ("row", "dollars"),
    [
        ("x,5,1", 5.0),
        ("x, 5.25 ,1", 5.25),
        ("x,1e3,1", 1000.0),
        ('x,"$1,234",1', 1234.0),
        ('x,"1,234,567.50",1', 1234567.5),
        ("x,0,1", 0.0),
        ("x,$99,1", 99.0),
    ],
)
def test_amounts_as_people_write_them(tmp_path: Path, row: str, dollars: float) -> None:
    law = read_costs(file_with(tmp_path, csv_of(row)), "paid", "years")
    assert dollars in law.costs.tolist()
    assert len(law.costs) == FEWEST_ROWS + 1


@pytest.mark.parametrize("encoded", ["\ufeff" + csv_of(), csv_of().replace("\n", "\r\n"), csv_of() + "\n\n"])
def test_files_as_spreadsheets_write_them(tmp_path: Path, encoded: str) -> None:
    """A byte order mark, carriage returns, empty lines at the end; and a header with spaces."""
    file = file_with(tmp_path, encoded.replace("id,paid", "id, paid "))
    assert read_costs(file, "paid", "years").mean == pytest.approx(149.5)
    first = file_with(tmp_path, "\ufeff" + csv_of(header="paid,id,years"))
    assert len(read_costs(first, "paid").costs) == FEWEST_ROWS


def test_weights_are_person_years(tmp_path: Path) -> None:
    file = file_with(tmp_path, csv_of("x,1000000,0", "y,500,100"))
    assert read_costs(file, "paid", "years").mean == pytest.approx((14_950 + 50_000) / 200)


BAD: dict[str, tuple[str | bytes, list[str]]] = {
    "NaN": (csv_of("x,NaN,1"), ["paid", "row 102", "NaN"]),
    "infinite": (csv_of("x,inf,1"), ["paid", "row 102", "inf"]),
    "overflowing": (csv_of("x,1e999,1"), ["paid", "row 102"]),
    "negative": (csv_of("x,-5,1"), ["paid", "row 102", "-5"]),
    "accounting negative": (csv_of('x,"(1,234)",1'), ["paid", "row 102"]),
    "empty": (csv_of("x,,1"), ["paid", "row 102"]),
    "text": (csv_of("x,many,1"), ["paid", "row 102", "many"]),
    "decimal comma": (csv_of('x,"1234,56",1'), ["paid", "row 102"]),
    "scattered commas": (csv_of('x,"1,2,3",1'), ["paid", "row 102"]),
    "underscore": (csv_of("x,1_000,1"), ["paid", "row 102"]),
    "two dollar signs": (csv_of("x,$$5,1"), ["paid", "row 102"]),
    "bad weight": (csv_of("x,5,-1"), ["years", "row 102", "-1"]),
    "short row": (csv_of("x,5"), ["row 102", "2 fields"]),
    "long row": (csv_of("x,5,1,9"), ["row 102", "4 fields"]),
    "unquoted thousands": (csv_of("x,$1,234,1"), ["row 102", "4 fields"]),
    "column twice": (csv_of(header="paid,paid,years"), ["paid", "more than once"]),
    "column missing": (csv_of(header="id,payed,years"), ["paid", "missing", "payed"]),
    "no header": (csv_of(header="0,100,1"), ["paid", "missing"]),
    "empty file": ("", ["paid", "missing"]),
    "header alone": ("id,paid,years\n", ["0 rows", "100"]),
    "too few": (csv_of(people=FEWEST_ROWS - 1), ["99 rows"]),
    "all zero": ("id,paid,years\n" + "x,0,1\n" * 200, ["200 rows"]),
    "no weight": ("id,paid,years\n" + "x,7,0\n" * 200, ["200 rows"]),
    "no weight where there is cost": ("id,paid,years\n" + "x,7,0\n" * 100 + "x,0,1\n" * 100, ["200 rows"]),
    "UTF-16": (csv_of().encode("utf-16"), ["UTF-8"]),
    "UTF-16 without a mark": (csv_of().encode("utf-16-le"), ["costs.csv"]),
    "Latin-1": (csv_of("Jos\u00e9,5,1").encode("latin-1"), ["UTF-8"]),
    "binary": (bytes(range(256)) * 20, ["UTF-8"]),
    "zip": (b"PK\x03\x04" + bytes(500), ["costs.csv"]),
    "unclosed quote": (csv_of('x,"5,1'), ["costs.csv"]),
    "an endless field": (csv_of("x," + "9" * 200_000 + ",1"), ["costs.csv"]),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files_are_refused_in_one_line(tmp_path: Path, name: str) -> None:
    content, said = BAD[name]
    file = file_with(tmp_path, content)
    with pytest.raises(InputError) as caught:
        read_costs(file, "paid", "years")
    message = str(caught.value)
    assert message.isprintable()
    assert len(message) < 400 + len(str(file))
    for words in ["costs.csv", *said]:
        assert words in message, message


@pytest.mark.parametrize("place", ["missing.csv", "."])
def test_files_that_cannot_be_opened_are_refused(tmp_path: Path, place: str) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_costs(tmp_path / place, "paid")


@given(st.binary(max_size=400))
def test_any_bytes_make_a_law_or_an_input_error(tmp_path_factory: Any, content: bytes) -> None:
    file = file_with(tmp_path_factory.mktemp("fuzz"), content)
    with pytest.raises(InputError):  # fewer than a hundred rows, whatever they are
        read_costs(file, "paid")
