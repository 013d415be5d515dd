"""Worlds: a scenario simulated from the single beneficiary up, the only caller of the kernel."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from simdce import calibration
from simdce.interrupts import interrupts_deferred
from simdce.population import slots_by_category
from simdce.scenario import Scenario
from simdce.shares import Share, run_all, shares_of
from simdce.slot_law import SlotLaw, layout
from simdce.slot_law.moments import slot_moments
from simdce.slots import slot_laws
from simdce.totals import Integers, Narrow, NarrowOrNone, Totals

FloatArray = NDArray[np.float64]

WORLDS_A_SHARE = 50  # whose sizes differ, so that each is a call of its own

_SHOCK_PURPOSE = 64
"""First purpose of the world-level draws; slots use the number of their category."""

MEASURED = ("dollars", "truncated_dollars", "absent_units", "deaths", "departures", "score_units")
"""What every run sums; stop-loss only where it is elected, since it costs a third of the time."""

SHOCKS = ("annual", "persistent", "trend_error")


@dataclass(frozen=True, kw_only=True)
class PanelYears:
    """What every panel of every world cost in every year, before trend, shocks and true savings.

    ``dollars`` and ``truncated_dollars``: int64 whole dollars at the price year; ``absent_units``: 32nds of a
    person-year missing through death; ``deaths`` and ``departures``: people; ``score_units``: risk scores in 1024ths
    times 32nds of a person-year; ``recovered_dollars``: what stop-loss pays of ``dollars``, None where no arrangement
    has it. All have axes (world, panel size, category, year), and each reading makes a copy of int64, because they are
    held in fewer bytes; ``of_size`` reads one panel size. ``slots``: int64 (panel size, category). ``shocks``:
    standard normal draws by name, axes (world, performance year) or (world,) for the persistent one, whatever the panel
    size. ``expected_per_capita``, its truncated twin and ``expected_recovery``: exact dollars per person-year of each
    category, and ``expected_score``, its mean risk score (category,). ``kernel``: which one simulated them, and why it.
    ``held``: the only panel size, by position, whose totals there are; None where all are.
    """

    panel_sizes: tuple[int, ...]
    categories: tuple[str, ...]
    years: tuple[str, ...]
    slots: NDArray[np.int64]
    dollars: Narrow = Narrow()
    truncated_dollars: Narrow = Narrow()
    absent_units: Narrow = Narrow()
    deaths: Narrow = Narrow()
    departures: Narrow = Narrow()
    score_units: Narrow = Narrow()
    recovered_dollars: NarrowOrNone = NarrowOrNone()
    shocks: dict[str, FloatArray]
    expected_per_capita: FloatArray
    expected_truncated_per_capita: FloatArray
    expected_recovery: FloatArray
    expected_score: FloatArray
    kernel: tuple[str, str] = ("", "")
    held: int | None = None

    @property
    def worlds(self) -> int:
        """Number of simulated worlds."""
        return len(vars(self)["dollars"])

    @property
    def has_recoveries(self) -> bool:
        """Whether stop-loss is simulated."""
        return vars(self)["recovered_dollars"] is not None

    def of_size(self, name: str, size: int) -> Integers:
        """One of the totals of one panel size by position; int64, axes (world, category, year)."""
        position = size if self.held is None else (self.held,).index(size)
        found: Integers = vars(self)[name][:, position].astype(np.int64)
        return found

    def only(self, panel_size: int) -> PanelYears:
        """The same worlds, of whose totals one panel size is held and the others are let go; the digest is known."""
        found, size = copy(self), self.panel_sizes.index(panel_size)
        known = {name: vars(self)[name] for name in (*MEASURED, "recovered_dollars")}
        one = {name: None if total is None else total[:, size : size + 1].copy() for name, total in known.items()}
        vars(found).update(one, held=size, digest=self.digest)
        return found

    def person_years(self, size: int) -> FloatArray:
        """Person-years of one panel size by position; axes (world, category, year)."""
        present: FloatArray = self.people(size) - self.of_size("absent_units", size) / layout.YEAR_UNITS
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
        units = self.of_size("score_units", size) / float(layout.SCORE_UNITS * layout.YEAR_UNITS)
        return np.divide(units, present, out=np.ones_like(present), where=self.people(size) > 0)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the simulated totals: equal digests are equal worlds."""
        found = hashlib.sha256(repr((self.panel_sizes, self.categories, self.years)).encode())
        for name in MEASURED:
            for world in vars(self)[name]:
                found.update(world.astype("<i8").tobytes())
        return found.hexdigest()


def simulate(
    scenario: Scenario,
    *,
    threads: int | None = None,
    progress: Callable[[float], None] | None = None,
    slots_per_block: int | None = None,
    begun: Totals | None = None,
) -> PanelYears:
    """Simulate every world of a scenario.

    The same scenario gives the same bits for any number of threads, any ``slots_per_block`` and any other panel sizes
    beside a given one. ``progress`` is told the finished fraction of the work. ``begun``: what an earlier call for this
    scenario was interrupted in, gone on with, or what an interruption of this call shall leave. Raises InputError when
    the scenario's numbers cannot be frozen into tables.
    """
    laws = slot_laws(scenario)
    from simdce.kernel.machine_code import kernel
    from simdce.kernel.tables import packed
    from simdce.kernel.words import keys_of_worlds

    sizes, years = scenario.panel.sizes, scenario.years
    slots = slots_by_category(sizes, scenario.mix)
    shape = (scenario.worlds, len(sizes), len(calibration.CATEGORIES), years.total)
    measures = (*MEASURED, "recovered_dollars") if scenario.elects_stop_loss else MEASURED
    with interrupts_deferred():  # inside the compiler's callbacks Ctrl-C would be swallowed and lost
        chosen = kernel(years.total, measures)
    shares = [
        share
        for name, law in laws.items()
        for share in shares_of(scenario, packed(law), slots, calibration.CATEGORIES.index(name), slots_per_block)
    ]
    totals = Totals() if begun is None else begun
    totals.begin(dict.fromkeys(measures, shape), len(shares))

    def simulate_share(number: int, share: Share) -> None:
        raw = np.zeros((share.last - share.first, len(share.edges) - 1, years.total, len(measures)), np.uint64)
        keys = keys_of_worlds(scenario.seed, share.last - share.first, share.category, years.total, share.first)
        with np.errstate(over="ignore"):  # integer hashes wrap; compiled code never warns, interpreted code would
            chosen.simulate(keys, share.tables, share.edges, share.block, raw)
        nested = np.pad(raw.cumsum(axis=1, dtype=np.int64), ((0, 0), (1, 0), (0, 0), (0, 0)))
        found = {name: nested[..., measure][:, share.where] for measure, name in enumerate(measures)}
        totals.put(number, (slice(share.first, share.last), slice(None), share.category), found)

    run_all(simulate_share, shares, totals.done, threads or os.cpu_count() or 1, progress)
    moments = {name: slot_moments(law) for name, law in laws.items()}

    def expected(name: str) -> FloatArray:
        return np.array([getattr(moments[c], name) if c in moments else 0.0 for c in calibration.CATEGORIES])

    return PanelYears(
        panel_sizes=sizes,
        categories=calibration.CATEGORIES,
        years=years.labels,
        slots=slots,
        **{name: totals.arrays.get(name) for name in (*MEASURED, "recovered_dollars")},  # type: ignore[arg-type]
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
            nested = np.pad(raw[0].cumsum(axis=0), ((1, 0), (0, 0), (0, 0))).astype(np.int64)
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
