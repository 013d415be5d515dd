"""What really happened beside the law: where in the simulated savings rates the published one lies."""

from __future__ import annotations

from dataclasses import dataclass

from simdce import metrics
from simdce.metrics import Estimate
from simdce.results import QUARTILES
from simdce.scenario import Observed
from simdce.studies.payment import Lived
from simdce.wording import percent, with_error

_RARE = 0.05


@dataclass(frozen=True)
class Happened:
    """An observed year and the law of that year's savings rate under one arrangement and panel size.

    ``percentiles``: of the law, fraction of benchmark, in the order of QUARTILES. ``at_or_below``: chance of a
    savings rate no higher than the observed one.
    """

    arrangement: str
    panel_size: int
    performance_year: str
    observed: Observed
    percentiles: tuple[Estimate, ...]
    at_or_below: Estimate

    @property
    def sentence(self) -> str:
        """What happened and how the law finds it, in plain words."""
        low, middle, high = (percent(each.value, each.standard_error) for each in self.percentiles[::2])
        chance = self.at_or_below
        if chance.value < _RARE:
            judged = "These assumptions give so low a rate in less than one year of twenty."
        elif chance.value > 1.0 - _RARE:
            judged = "These assumptions give so high a rate in less than one year of twenty."
        else:
            judged = "That is within what chance gives under these assumptions."
        return (
            f"In {self.observed.year} the measured savings rate was {percent(self.observed.savings_rate, digits=2)}. "
            f"The law has its middle at {middle} and nine years of ten between {low} and {high}; a rate no higher has "
            f"the chance {with_error(chance, 'probability')}. {judged}"
        )


def observed_at(lived: Lived) -> list[Happened]:
    """Each observed year of the scenario at one panel size, under every arrangement."""
    scenario = lived.scenario
    found = []
    for choice in scenario.arrangements if scenario.observed else ():
        settlement, benchmark = lived.settled(choice.key)
        rates = settlement.gross_savings / benchmark
        for observed in scenario.observed:
            number = scenario.years.performance_years.index(observed.year)
            law = rates[:, number]
            found.append(
                Happened(
                    choice.key,
                    lived.panel_size,
                    f"PY{number + 1}",
                    observed,
                    tuple(metrics.percentile(law, probability) for probability in QUARTILES),
                    metrics.chance(law <= observed.savings_rate),
                )
            )
    return found
