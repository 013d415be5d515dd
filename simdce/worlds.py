"""Worlds: a scenario simulated from the single beneficiary up, the only caller of the kernel."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from simdce import calibration
from simdce.interrupts import interrupts_deferred
from simdce.population import slots_by_category
from simdce.scenario import Scenario
from simdce.slot_law import SlotLaw, layout
from simdce.slot_law.moments import slot_moments
from simdce.slots import slot_laws

FloatArray = NDArray[np.float64]

SLOT_YEARS_A_CALL = 20_000_000
"""About 20 ms of work, so that Ctrl-C, progress and threads all answer at once."""

MOST_WORLDS_A_CALL = 512  # bounds the memory of a call where a category has few slots

WORLDS_A_SHARE = 50  # whose sizes differ, so that each is a call of its own

_SHOCK_PURPOSE = 64
"""First purpose of the world-level draws; slots use the number of their category."""

MEASURED = ("dollars", "truncated_dollars", "absent_units", "deaths", "departures", "score_units")
"""What every run sums; stop-loss only where it is elected, since it costs a third of the time."""

SHOCKS = ("annual", "persistent", "trend_error")


@dataclass(frozen=True)
class PanelYears:
    """What every panel of every world cost in every year, before trend, shocks and true savings.

    ``dollars`` and ``truncated_dollars``: int64 whole dollars at the price year; ``absent_units``: 32nds of a
    person-year missing through death; ``deaths`` and ``departures``: people; ``score_units``: risk scores in 1024ths
    times 32nds of a person-year; ``recovered_dollars``: what stop-loss pays of ``dollars``, None where no arrangement
    has it. All have axes (world, panel size, category, year). ``slots``: int64 (panel size, category). ``shocks``:
    standard normal draws by name, axes (world, performance year) or (world,) for the persistent one, whatever the panel
    size. ``expected_per_capita``, its truncated twin and ``expected_recovery``: exact dollars per person-year of each
    category, and ``expected_score``, its mean risk score (category,). ``kernel``: which one simulated them, and why it.
    """

    panel_sizes: tuple[int, ...]
    categories: tuple[str, ...]
    years: tuple[str, ...]
    slots: NDArray[np.int64]
    dollars: NDArray[np.int64]
    truncated_dollars: NDArray[np.int64]
    absent_units: NDArray[np.int32]
    deaths: NDArray[np.int32]
    departures: NDArray[np.int32]
    score_units: NDArray[np.int64]
    recovered_dollars: NDArray[np.int64] | None
    shocks: dict[str, FloatArray]
    expected_per_capita: FloatArray
    expected_truncated_per_capita: FloatArray
    expected_recovery: FloatArray
    expected_score: FloatArray
    kernel: tuple[str, str] = ("", "")

    @property
    def worlds(self) -> int:
        """Number of simulated worlds."""
        return len(self.dollars)

    def person_years(self, size: int) -> FloatArray:
        """Person-years of one panel size by position; axes (world, category, year)."""
        present: FloatArray = self.people(size) - self.absent_units[:, size] / layout.YEAR_UNITS
        return present

    def people(self, size: int) -> NDArray[np.int64]:
        """Slots of one panel size by position; axes (world, category, year), of length 1 where they do not differ."""
        slots: NDArray[np.int64] = self.slots[size][None, :, None]
        return slots

    def risk_scores(self, size: int) -> FloatArray:
        """Mean risk score in units of its expectation, person-years as weights, 1 where nobody is.

        Axes (world, category, year).
        """
        present = self.person_years(size) * np.maximum(self.expected_score, np.finfo(float).tiny)[:, None]
        units = self.score_units[:, size] / float(layout.SCORE_UNITS * layout.YEAR_UNITS)
        return np.divide(units, present, out=np.ones_like(present), where=self.people(size) > 0)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the simulated totals: equal digests are equal worlds."""
        found = hashlib.sha256(repr((self.panel_sizes, self.categories, self.years)).encode())
        for name in MEASURED:
            totals = getattr(self, name)
            found.update(np.ascontiguousarray(totals).astype("<i8").tobytes())
        return found.hexdigest()


def simulate(
    scenario: Scenario,
    *,
    threads: int | None = None,
    progress: Callable[[float], None] | None = None,
    slots_per_block: int | None = None,
) -> PanelYears:
    """Simulate every world of a scenario.

    The same scenario gives the same bits for any number of threads, any ``slots_per_block`` and any other panel sizes
    beside a given one. ``progress`` is told the finished fraction of the work. Raises InputError when the scenario's
    numbers cannot be frozen into tables.
    """
    laws = slot_laws(scenario)
    from simdce.kernel.machine_code import kernel
    from simdce.kernel.tables import packed
    from simdce.kernel.words import keys_of_worlds

    sizes, years = scenario.panel.sizes, scenario.years
    slots = slots_by_category(sizes, scenario.mix)
    shape = (scenario.worlds, len(sizes), len(calibration.CATEGORIES), years.total)
    measures = (*MEASURED, "recovered_dollars") if scenario.elects_stop_loss else MEASURED
    narrow = ("absent_units", "deaths", "departures")
    totals = {name: np.zeros(shape, np.int32 if name in narrow else np.int64) for name in measures}
    with interrupts_deferred():  # inside the compiler's callbacks Ctrl-C would be swallowed and lost
        chosen = kernel(years.total, measures)
    shares = [
        share
        for name, law in laws.items()
        for share in _shares(scenario, packed(law), slots, calibration.CATEGORIES.index(name), slots_per_block)
    ]

    def simulate_share(share: _Share) -> None:
        raw = np.zeros((share.last - share.first, len(share.edges) - 1, years.total, len(measures)), np.uint64)
        keys = keys_of_worlds(scenario.seed, share.last - share.first, share.category, years.total, share.first)
        with np.errstate(over="ignore"):  # integer hashes wrap; compiled code never warns, interpreted code would
            chosen.simulate(keys, share.tables, share.edges, share.block, raw)
        nested = np.pad(raw.cumsum(axis=1, dtype=np.int64), ((0, 0), (1, 0), (0, 0), (0, 0)))
        for measure, name in enumerate(measures):
            totals[name][share.first : share.last, :, share.category] = nested[..., measure][:, share.where]

    _run_all(simulate_share, shares, threads or os.cpu_count() or 1, progress)
    moments = {name: slot_moments(law) for name, law in laws.items()}

    def expected(name: str) -> FloatArray:
        return np.array([getattr(moments[c], name) if c in moments else 0.0 for c in calibration.CATEGORIES])

    return PanelYears(
        panel_sizes=sizes,
        categories=calibration.CATEGORIES,
        years=years.labels,
        slots=slots,
        **{name: totals.get(name) for name in (*MEASURED, "recovered_dollars")},  # type: ignore[arg-type]
        shocks=world_shocks(scenario.seed, scenario.worlds, years.performance),
        expected_per_capita=expected("mean"),
        expected_truncated_per_capita=expected("truncated_mean"),
        expected_recovery=expected("recovery"),
        expected_score=expected("score"),
        kernel=(chosen.path, chosen.reason),
    )


def sizes_by_world(
    scenario: Scenario,
    laws: Mapping[str, SlotLaw],
    sizes: NDArray[np.int64],
    first: int = 0,
    *,
    threads: int | None = None,
    slots_per_block: int | None = None,
) -> dict[str, NDArray[np.int64]]:
    """What ``PanelYears`` measures, of nested panels whose sizes differ from world to world.

    ``sizes``: people (world, panel), in any order, of the worlds from ``first`` on; ``laws``: ``slot_laws(scenario)``.
    Axes of the totals: (world, panel, category, year); ``slots`` beside them: (world, panel, category). A panel has the
    bits that ``simulate`` gives one of its size.
    """
    from simdce.kernel.machine_code import kernel
    from simdce.kernel.tables import packed
    from simdce.kernel.words import keys_of_worlds

    years = scenario.years.total
    measures = (*MEASURED, "recovered_dollars") if scenario.elects_stop_loss else MEASURED
    unique, where = np.unique(sizes, return_inverse=True)
    slots = slots_by_category(tuple(unique.tolist()), scenario.mix)[where.reshape(sizes.shape)]
    totals = {name: np.zeros((*slots.shape, years), np.int64) for name in measures}
    with interrupts_deferred():
        run = kernel(years, measures).simulate

    def simulate_category(number: int, name: str, share: range) -> None:
        tables = packed(laws[name])
        block = max(1, slots_per_block or int(slots[..., number].max(initial=1)))
        keys = keys_of_worlds(scenario.seed, len(share), number, years, first + share.start)
        for key, world in zip(keys, share, strict=True):
            edges = np.union1d([0], slots[world, :, number])
            raw = np.zeros((1, len(edges) - 1, years, len(measures)), np.uint64)
            with np.errstate(over="ignore"):
                run(key[None], tables, edges, block, raw)
            nested = np.concatenate([np.zeros_like(raw[0, :1]), raw[0].cumsum(axis=0)]).astype(np.int64)
            found = nested[np.searchsorted(edges, slots[world, :, number])]
            for measure, total in enumerate(totals.values()):
                total[world, :, number] = found[..., measure]

    with ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
        shares = [
            range(start, min(start + WORLDS_A_SHARE, len(sizes))) for start in range(0, len(sizes), WORLDS_A_SHARE)
        ]
        list(
            pool.map(
                lambda job: simulate_category(*job),
                [(calibration.CATEGORIES.index(name), name, share) for name in laws for share in shares],
            )
        )
    return {**totals, "slots": slots}


def world_shocks(seed: int, worlds: int, performance_years: int) -> dict[str, FloatArray]:
    """Standard normal draws shared by every panel size: annual and trend error (world, year), persistent (world,).

    Each is a function of (seed, world, purpose, year) alone, so more worlds or years leave the others as they were.
    """
    draws = {}
    for number, name in enumerate(SHOCKS):
        years = 1 if name == "persistent" else performance_years
        normal = ndtri(uniforms(seed, worlds, _SHOCK_PURPOSE + number, years))
        draws[name] = normal[:, 0] if name == "persistent" else normal
    return draws


def uniforms(seed: int, worlds: int, purpose: int, years: int) -> FloatArray:
    """Numbers between 0 and 1, axes (world, year), each a function of (seed, world, purpose, year) alone."""
    from simdce.kernel.words import keys_of_worlds, mixed

    words = mixed(keys_of_worlds(seed, worlds, purpose, years))
    found: FloatArray = ((words >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53
    return found


@dataclass(frozen=True)
class _Share:
    """Worlds ``first`` to ``last`` of one category, the work of a call; ``where`` finds each panel among ``edges``."""

    category: int
    tables: Any
    edges: NDArray[np.int64]
    where: NDArray[np.int64]
    block: int
    first: int
    last: int

    @property
    def work(self) -> float:
        """Slots to simulate."""
        return float((self.last - self.first) * self.edges[-1])


def _shares(
    scenario: Scenario, tables: Any, slots: NDArray[np.int64], category: int, slots_per_block: int | None
) -> Iterator[_Share]:
    """The work of one category cut into calls."""
    edges = np.union1d([0], slots[:, category])
    where = np.searchsorted(edges, slots[:, category])
    block = max(1, slots_per_block or int(edges[-1]))
    step = SLOT_YEARS_A_CALL // max(1, int(edges[-1]) * scenario.years.total)
    step = min(max(1, step), MOST_WORLDS_A_CALL)
    for first in range(0, scenario.worlds, step):
        yield _Share(category, tables, edges, where, block, first, min(first + step, scenario.worlds))


def _run_all(
    simulate_share: Callable[[_Share], None],
    shares: list[_Share],
    threads: int,
    progress: Callable[[float], None] | None,
) -> None:
    """Every share on a pool of threads; on Ctrl-C or an error those not yet begun are dropped."""
    done, total = 0.0, sum(share.work for share in shares) or 1.0
    pool = ThreadPoolExecutor(threads)
    try:
        work = {pool.submit(simulate_share, share): share.work for share in shares}
        pending: set[Future[None]] = set(work)
        while pending:
            finished, pending = wait(pending, timeout=0.2, return_when=FIRST_COMPLETED)
            for future in finished:
                future.result()
                done += work[future]
            if progress is not None:
                progress(done / total)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
