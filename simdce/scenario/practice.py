"""A practice inside the pool: how many of its people, and the tiers that the ACO or DCE offers it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from simdce import tiers
from simdce.arrangements.elections import Numbers
from simdce.errors import InputError, nearest_name
from simdce.scenario.tables import Change, Line, Share, Size, Table, as_tuple, rising

if TYPE_CHECKING:
    from simdce.scenario import Scenario


class TierChoice(Table):
    """One tier that the practice may sign."""

    name: str = Field(description="a tier: a file of simdce/tiers")
    label: Line | None = Field(None, max_length=60, description="how results call it; default: the tier's title")
    overrides: Mapping[str, bool | float | str | Numbers] = Field(
        default_factory=dict,
        description="terms of the tier replaced by name, one value or one per performance year",
    )

    @property
    def key(self) -> str:
        """How results call it."""
        return self.label or tiers.load(self.name).title


class PracticeInPool(Table):
    """A practice of the pool, which is the largest of the panel's sizes."""

    people: Annotated[tuple[Size, ...], BeforeValidator(as_tuple), AfterValidator(rising)] = Field(
        min_length=1, description="people of the practice, each one of panel.sizes and fewer than the largest of them"
    )
    tiers: Annotated[tuple[TierChoice, ...], BeforeValidator(as_tuple)] = Field(
        min_length=1, description="what the practice may sign, each on the same worlds; the first is the yardstick"
    )
    others: Line | None = Field(
        None, description="tier (its label, or its title) of all other practices; default: that of the practice"
    )
    others_people: Annotated[int, Field(ge=1)] | None = Field(
        None, description="people of each of the other practices, for credibility and insulation; default: as many"
    )
    quality_score: Share = Field(1.0, description="share of a quality bonus that is earned")
    bearable_loss: Share | None = Field(
        None,
        description="what the practice can bear to lose in one year of twenty, fraction of its benchmark; tiers that "
        "lose more are not called best; default: no bound",
    )
    true_savings: Change | Annotated[tuple[Change, ...], Field(min_length=1), BeforeValidator(as_tuple)] | None = Field(
        None, description="what the practice itself saves, as in savings.true; default: what the pool saves"
    )


def check_practice(scenario: Scenario) -> None:
    """That sizes, tiers and terms of the practice exist and fit; raises InputError with the key to change."""
    practice = scenario.practice
    if practice is None:
        return
    sizes = scenario.panel.sizes
    for people in practice.people:
        if people not in sizes[:-1]:
            raise InputError(
                "not a panel size below the pool's: the practice is the first people of the largest panel",
                key="practice.people",
                value=people,
                allowed=", ".join(map(str, sizes[:-1])) or "another, smaller size in panel.sizes",
            )
    keys: list[str] = []
    for number, choice in enumerate(practice.tiers, start=1):
        key = f"practice.tiers[{number}]"
        try:
            tier = tiers.load(choice.name)
        except InputError as error:
            raise error.within("", f"{key}.name") from error
        if choice.key in keys:
            other = keys.index(choice.key) + 1
            raise InputError(f"practice.tiers[{other}] has this name too", key=f"{key}.label", value=choice.key)
        keys.append(choice.key)
        try:
            tier.resolve(scenario.years.performance_years, choice.overrides)
        except InputError as error:
            raise error.within("", key) from error
    if practice.others is not None and practice.others not in keys:
        raise InputError(
            "the practice has no such tier",
            key="practice.others",
            value=practice.others,
            allowed=", ".join(keys),
            nearest=nearest_name(practice.others, keys),
        )
