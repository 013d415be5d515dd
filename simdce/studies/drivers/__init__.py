"""What drives the answer: the payment with one input at a time at its plausible low and high end, on the same worlds.

Every input is moved alone, on the seed of the scenario, so that most of the luck cancels in what it changes (common
random numbers). Means have the exact law as control variate, as everywhere. Beside its two ends each input has the
value nearest to where it is at which the verdict would turn (``flips``): where the expected net payment is nought, or
as high as that of another arrangement.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from simdce import metrics
from simdce.control import PLAIN, Controlled, Controls
from simdce.errors import InputError, nearest_name
from simdce.metrics import Estimate, FloatArray
from simdce.scenario import Scenario
from simdce.studies.comparison import LOW
from simdce.studies.drivers.elections import inputs_of
from simdce.studies.drivers.flips import Flip, flip, nested_flip, searched
from simdce.studies.drivers.inputs import Asked, Input, Value
from simdce.studies.drivers.words import with_error
from simdce.studies.drivers.worlds import DriverWorlds, same_people
from simdce.worlds import PanelYears, simulate

_SIZES_SEARCHED = 9


@dataclass(frozen=True)
class Driver:
    """One input at its low and high end; dollars a year, average of the performance years.

    ``low``, ``base``, ``high``: values of the input, of a choice the ones with the lowest and the highest payment;
    ``told``: the three in plain words. ``at_…``: expected net payment; ``change_…``: against the base, world by world;
    ``swing``: the largest less the smallest of the three. ``worst_…``: the 5th percentile of a performance year.
    ``flips_at``: the value nearest to the base at which the verdict turns, None where it does not between the values
    ``searched``; ``flips_upwards``: whether the verdict is better above it. ``flips_to``: the same in plain words, of a
    choice what to choose for another verdict; ``flips_text``: with its error.
    """

    name: str
    spoken: str
    unit: str
    low: Value
    base: Value
    high: Value
    told: tuple[str, str, str]
    at_low: Estimate
    at_base: Estimate
    at_high: Estimate
    change_low: Estimate
    change_high: Estimate
    swing: Estimate
    worst_low: Estimate
    worst_base: Estimate
    worst_high: Estimate
    worst_change_low: Estimate
    worst_change_high: Estimate
    searched: tuple[float, float] | None
    searched_told: tuple[str, str] | None
    flips_at: float | None
    flips_at_error: float | None
    flips_upwards: bool | None
    flips_to: str | None
    flips_text: str | None
    stated: bool
    source: str
    confidence: str

    @property
    def how_far(self) -> float:
        """How far the flip is, in units of how far the input could plausibly lie on that side; infinite without one."""
        if self.flips_to is None:
            return float("inf")
        if self.flips_at is None or not isinstance(self.base, float | int):
            return 1.0
        end = self.high if self.flips_at > self.base else self.low
        away = abs(float(end) - self.base)
        return abs(self.flips_at - self.base) / away if away > 0 else float("inf")


def drivers(
    scenario: Scenario,
    arrangement: str,
    panel_size: int,
    *,
    tier: str | None = None,
    against: str | None = None,
    panels: PanelYears | None = None,
    worlds: DriverWorlds | None = None,
    controls: Controls | None = None,
    threads: int | None = None,
) -> tuple[Driver, ...]:
    """Every input that an arrangement reads, the one that moves the payment most first.

    ``panel_size``: people of the contract, or of the practice that signs ``tier``. ``against``: the arrangement (with
    ``tier`` the tier) whose expected payment a flip makes equal; default: nought. ``panels``, ``worlds`` and
    ``controls``: what has been simulated already. Raises InputError for names and sizes that the scenario has not.
    """
    asked = Asked(scenario, arrangement, panel_size, tier)
    _check(asked, against)
    if panels is None and worlds is None:
        panels = simulate(scenario, threads=threads)
    if worlds is None:
        assert panels is not None
        worlds = DriverWorlds(scenario, panels, threads=threads)
    study = DriverStudy(asked, against, worlds, controls)
    return tuple(sorted(study.all(), key=lambda driver: -driver.swing.value))


def flips(found: Sequence[Driver], most: int = 3) -> tuple[Driver, ...]:
    """The inputs that would turn the verdict, nearest first in units of how far each could plausibly lie."""
    turning = [driver for driver in found if driver.how_far < float("inf")]
    return tuple(sorted(turning, key=lambda driver: driver.how_far)[:most])


class DriverStudy:
    """One payment and what it is held to, on the worlds of a scenario."""

    def __init__(self, asked: Asked, against: str | None, worlds: DriverWorlds, controls: Controls | None) -> None:
        self.asked, self.against, self.worlds = asked, against, worlds
        self.control = self._control(controls, asked.arrangement)
        self.rival_control = PLAIN if against is None else self._control(controls, against)
        self.base = worlds.paid(asked)

    def _control(self, controls: Controls | None, arrangement: str) -> Controlled:
        """The regression of the base; it holds for whatever is settled on the same worlds."""
        if controls is None or self.asked.tier is not None:
            return PLAIN
        return controls.at(arrangement, self.asked.people)

    def all(self) -> Iterator[Driver]:
        """Every input that is read, in no order."""
        for given in inputs_of(self.asked, self.against):
            if self.against is None and not self._moves(given):
                continue  # an election that the size leaves no room for
            yield self.choice(given) if given.options else self.number(given)

    def _moves(self, given: Input) -> bool:
        """Whether a choice changes any payment; a number that the rules read does."""
        return not given.options or any((self._paid(given, value) != self.base).any() for value in given.options)

    def _paid(self, given: Input, value: Value, *, keep: bool = True) -> FloatArray:
        return self.base if value == given.base else self.worlds.paid(given.changed(value), keep=keep)

    def _margins(self, given: Input, value: Value, *, keep: bool = True) -> FloatArray:
        """By how much the verdict holds, dollars a year in every world."""
        asked = self.asked if value == given.base else given.changed(value)
        own = self.control.steadied(self.worlds.paid(asked, keep=keep).mean(axis=1))
        if self.against is None:
            return own
        rival = replace(asked, tier=self.against) if asked.tier else replace(asked, arrangement=self.against)
        return own - self.rival_control.steadied(self.worlds.paid(rival, keep=keep).mean(axis=1))

    def number(self, given: Input) -> Driver:
        """An input that is a number, at its ends and where it turns the verdict."""
        low, high = (self._reached(given, end) for end in given.ends)
        base = float(given.base)
        simulates = not same_people(given.changed(high).scenario, self.asked.scenario)
        narrow = simulates or given.name == "panel_size"
        between = searched(base, (low, high), given.bounds, simulates=narrow)
        if given.name == "panel_size":
            found = self._size_flip(given, between)
        else:
            found = flip(
                lambda value: self._margins(given, value, keep=False), base, between, (low, high), simulates=simulates
            )
        return self._driver(given, (low, high), between, found)

    def _reached(self, given: Input, end: Value) -> float:
        """An end, or the base where no people can be made with it."""
        try:
            self._paid(given, end)
        except InputError:
            return float(given.base)
        return float(end)

    def _size_flip(self, given: Input, between: tuple[float, float]) -> Flip | None:
        """Panels are nested: all sizes of a grid are simulated at once."""

        def margins_at(sizes: Sequence[float]) -> list[FloatArray]:
            needed = {people for size in sizes for people in given.changed(size).sizes}
            self.worlds.panels(self.asked.scenario, tuple(needed))
            return [self._margins(given, size) for size in sizes]

        base = float(given.base)
        grid = {round(size) for size in np.geomspace(*between, _SIZES_SEARCHED)} | {round(base)}
        return nested_flip(margins_at, sorted(grid), base)

    def choice(self, given: Input) -> Driver:
        """Of the choices that the arrangement offers, those with the lowest and the highest expected payment."""
        expected = {value: float(self.control.mean(self._year(given, value)).value) for value in given.options}
        worst, best = min(expected, key=expected.__getitem__), max(expected, key=expected.__getitem__)
        margin = {
            value: float(self._margins(given, value).mean()) for value in dict.fromkeys((given.base, worst, best))
        }
        other = [value for value in (best, worst) if margin[value] * margin[given.base] < 0]
        driver = self._driver(given, (worst, best), None, None)
        words = given.told(other[0]) if other else None
        return replace(driver, flips_to=words, flips_text=words)

    def _year(self, given: Input, value: Value) -> FloatArray:
        return np.asarray(self._paid(given, value).mean(axis=1))

    def _driver(
        self, given: Input, ends: tuple[Value, Value], between: tuple[float, float] | None, found: Flip | None
    ) -> Driver:
        paid = [self._paid(given, value) for value in (ends[0], given.base, ends[1])]
        yearly = [self.control.steadied(each.mean(axis=1)) for each in paid]
        means = [self.control.mean(each.mean(axis=1)) for each in paid]
        order = sorted(range(len(paid)), key=lambda number: means[number].value)
        worst = [metrics.percentile_of_years(each, LOW) for each in paid]
        return Driver(
            name=given.name,
            spoken=given.spoken,
            unit=given.unit,
            low=ends[0],
            base=given.base,
            high=ends[1],
            told=(given.told(ends[0]), given.told(given.base), given.told(ends[1])),
            at_low=means[0],
            at_base=means[1],
            at_high=means[2],
            change_low=metrics.mean(yearly[0] - yearly[1]),
            change_high=metrics.mean(yearly[2] - yearly[1]),
            swing=metrics.mean(yearly[order[-1]] - yearly[order[0]]),
            worst_low=worst[0],
            worst_base=worst[1],
            worst_high=worst[2],
            worst_change_low=metrics.percentile_of_years_difference(paid[0], paid[1], LOW),
            worst_change_high=metrics.percentile_of_years_difference(paid[2], paid[1], LOW),
            searched=between,
            searched_told=None if between is None else (given.told(between[0]), given.told(between[1])),
            flips_at=None if found is None else found.at.value,
            flips_at_error=None if found is None else found.at.standard_error,
            flips_upwards=None if found is None else found.upwards,
            flips_to=None if found is None else given.told(found.at.value),
            flips_text=None if found is None else with_error(given.told, found.at.value, found.at.standard_error),
            stated=given.stated,
            source=given.source,
            confidence=given.confidence,
        )


def _check(asked: Asked, against: str | None) -> None:
    scenario, practice = asked.scenario, asked.scenario.practice
    arrangements = [choice.key for choice in scenario.arrangements]
    tiers = [] if practice is None else [choice.key for choice in practice.tiers]
    wanted: list[tuple[str, object, Sequence[object]]] = [("arrangement", asked.arrangement, arrangements)]
    if asked.tier is not None:
        wanted.append(("tier", asked.tier, tiers))
    if against is not None:
        wanted.append(("against", against, arrangements if asked.tier is None else tiers))
    sizes = scenario.panel.sizes if asked.tier is None or practice is None else practice.people
    wanted.append(("panel_size", asked.people, sizes))
    for key, value, allowed in wanted:
        if value not in allowed:
            names = [str(each) for each in allowed]
            nearest = nearest_name(str(value), names)
            raise InputError(
                "the scenario has no such thing", key=key, value=value, allowed=", ".join(names), nearest=nearest
            )
