"""One row of a results file: what the ACO brought to its settlement, and what CMS says it came to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PublishedRate:
    """A fraction as printed, and half a unit of the last decimal its column prints: the true one lies within."""

    value: float
    half_unit: float = 0.0

    @property
    def low(self) -> float:
        """The least fraction that would be printed so."""
        return max(self.value - self.half_unit, 0.0)

    @property
    def high(self) -> float:
        """The largest fraction that would be printed so."""
        return self.value + self.half_unit


@dataclass(frozen=True)
class Figures:
    """Everything in a row but the payment; None where the file does not say.

    ``benchmark`` and ``expenditure`` are dollars, the benchmark of a risk corridor its settlement base. How many people
    there are may be suppressed where a risk corridor settles, and is then NaN.
    ``quality_met`` and ``quality_alternative`` say which standard was met, ``disaster_adjustment`` (>= 0) the dollars
    of loss forgiven, ``advance_recouped`` (>= 0) the dollars of advance payments that CMS takes back out of what is
    earned: the payment published is what was earned before. ``guardrail`` says whether CMS replaced the benchmark by
    one without the accountable care prospective trend, as it does for an ACO that the trend drove into a loss.
    """

    aco: str
    year: int
    arrangement: str
    benchmark: float
    expenditure: float
    assigned_beneficiaries: float
    agreement_start: int | None = None
    minimum_savings_rate: PublishedRate | None = None
    final_sharing_rate: PublishedRate | None = None
    final_loss_rate: PublishedRate | None = None
    quality_score: PublishedRate | None = None
    quality_met: bool | None = None
    quality_alternative: bool | None = None
    disaster_adjustment: float = 0.0
    low_revenue: bool | None = None
    advance_recouped: float = 0.0
    guardrail: bool | None = None

    @property
    def savings(self) -> float:
        """Benchmark less expenditure: published "generated" savings are zero inside the band, these are not."""
        return self.benchmark - self.expenditure


@dataclass(frozen=True)
class PublishedRow:
    """A row of a file: its figures, the payment published (minus where the ACO owes), and where it stands."""

    figures: Figures
    payment: float
    file: str
    line: int
