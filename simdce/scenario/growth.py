"""How the panel grows: practices that may join, outreach, and who is not replaced; several plans on common worlds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from simdce.errors import InputError, nearest_name
from simdce.scenario.tables import Chance, Line, Share, Size, Table, as_tuple, rising

if TYPE_CHECKING:
    from simdce.scenario import Scenario

AS_PLANNED = "as planned"
"""What results call the only plan of a scenario that names none."""

_Marks = Annotated[
    tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1), BeforeValidator(as_tuple), AfterValidator(rising)
]
_Names = Annotated[tuple[Line, ...], BeforeValidator(as_tuple)]


class JoiningPractice(Table):
    """A practice that may join with all its people; CMS then reckons the benchmark of the new list of practices."""

    name: Line = Field(max_length=60, description="how results call it")
    people: Annotated[int, Field(ge=1, le=1_000_000)] = Field(description="people aligned to it when it joins")
    year: int = Field(description="calendar year, one of the performance years, from whose January on it belongs")
    chance: Share = Field(1.0, description="chance that it joins")


class LeavingPractice(Table):
    """A practice of the list that may leave with all its people, and takes their past out of the benchmark."""

    name: Line = Field(max_length=60, description="how the scenario calls it")
    people: Annotated[int, Field(ge=1, le=1_000_000)] = Field(description="how many of the starting people are its own")
    year: int = Field(description="calendar year, one of the performance years, from whose January on it is gone")
    chance: Share = Field(1.0, description="chance that it leaves")


class Outreach(Table):
    """People invited to choose the entity themselves (voluntary alignment); the list of practices stays as it is."""

    invited: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        description="people invited each quarter, not yet aligned"
    )
    uptake: Chance = Field(description="expected share of the invited who sign")
    uptake_sd: Annotated[float, Field(ge=0.0, lt=0.5)] = Field(
        0.0, description="standard deviation of that share, which nobody knows beforehand"
    )
    uptake_lasts: bool = Field(
        True, description="whether a world's uptake is the same in all years, or drawn anew for each"
    )
    from_year: int | None = Field(None, description="first calendar year of invitations; default: the first simulated")
    same_year: bool = Field(
        True, description="whether a signature counts from the next quarter on (true) or from the next January (false)"
    )
    stays: Share | None = Field(
        None,
        description="share of those who signed that stays from one year to the next; default: all but deaths and the "
        "causes of leaving other than lost_plurality",
    )

    @model_validator(mode="after")
    def _check(self) -> Outreach:
        widest = (self.uptake * (1.0 - self.uptake)) ** 0.5
        if self.uptake_sd >= widest:
            raise ValueError(f"uptake_sd must be below {widest:.3g} where uptake is {self.uptake:g}")
        return self


class GrowthPlan(Table):
    """One way to grow, to be held against the others on the same worlds."""

    name: Line = Field(max_length=60, description="how results call it")
    joining: _Names | None = Field(None, description="names of the practices that are asked; default: all")
    outreach: bool = Field(True, description="whether people are invited")


class OneMore(Table):
    """One more practice, certain to join, whose value is asked for under every plan."""

    people: Annotated[int, Field(ge=1, le=1_000_000)] = Field(description="people aligned to it when it joins")
    year: int | None = Field(None, description="calendar year from whose January on it belongs; default: the first")


class Growth(Table):
    """Paths of the panel over the performance years."""

    start: Size = Field(description="people of the practices on the list before the first performance year")
    replaced: Share | None = Field(
        None,
        description="share of those lost in a year (turnover.annual) whose places others take; default: all",
    )
    joining: Annotated[tuple[JoiningPractice, ...], BeforeValidator(as_tuple)] = Field(
        (), description="practices that may join"
    )
    leaving: Annotated[tuple[LeavingPractice, ...], BeforeValidator(as_tuple)] = Field(
        (), description="practices that may leave, whatever the plan"
    )
    outreach: Outreach | None = Field(None, description="invitations to voluntary alignment")
    plans: Annotated[tuple[GrowthPlan, ...], BeforeValidator(as_tuple)] = Field(
        (GrowthPlan(name=AS_PLANNED),),
        min_length=1,
        description="plans held against each other, the first the yardstick; default: everything above",
    )
    one_more: OneMore | None = Field(None, description="one more practice, to learn what it is worth")
    marks: _Marks | None = Field(
        None, description="people whose crossing is asked for; default: 5,000, 10,000 and 15,000"
    )
    years_let_pass: Annotated[int, Field(ge=0)] | None = Field(
        None,
        description="years in a row that the panel may stand below an arrangement's minimum before the agreement ends; "
        "default: one",
    )


def check_growth(scenario: Scenario) -> None:
    """That years are performance years and names exist, each once; raises InputError with the key to change."""
    growth = scenario.growth
    if growth is None:
        return
    years = scenario.years.performance_years
    dated: list[tuple[str, int | None]] = [
        (f"joining[{number}].year", each.year) for number, each in enumerate(growth.joining, start=1)
    ]
    dated += [(f"leaving[{number}].year", each.year) for number, each in enumerate(growth.leaving, start=1)]
    dated += [("outreach.from_year", growth.outreach.from_year)] if growth.outreach is not None else []
    dated += [("one_more.year", growth.one_more.year)] if growth.one_more is not None else []
    for key, year in dated:
        if year is not None and year not in years:
            raise InputError(
                "not a performance year of this scenario",
                key=f"growth.{key}",
                value=year,
                allowed=", ".join(map(str, years)),
            )
    named = {table: [each.name for each in getattr(growth, table)] for table in ("joining", "leaving", "plans")}
    for table, names in named.items():
        for number, name in enumerate(names, start=1):
            if name in names[: number - 1]:
                raise InputError("this name is taken", key=f"growth.{table}[{number}].name", value=name)
    known, going = named["joining"], sum(each.people for each in growth.leaving)
    if going >= growth.start:
        raise InputError(
            "nobody would be left", key="growth.leaving", value=going, allowed=f"fewer than {growth.start:,} people"
        )
    for number, plan in enumerate(growth.plans, start=1):
        for name in plan.joining or ():
            if name not in known:
                raise InputError(
                    "no practice of this name may join",
                    key=f"growth.plans[{number}].joining",
                    value=name,
                    allowed=", ".join(known) or "a table [[growth.joining]] first",
                    nearest=nearest_name(name, known),
                )
