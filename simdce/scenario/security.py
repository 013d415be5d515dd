"""What is to be held against losses, how sure one wants to be, and what holding it costs."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from simdce.scenario.tables import Chance, Share, Table, as_tuple

InstrumentName = Literal["escrow", "letter_of_credit", "surety_bond", "reinsurance", "withheld_savings", "recoupment"]
"""Ways to make sure that losses can be paid, as instruments.toml prices them."""

USUAL: tuple[InstrumentName, ...] = ("escrow", "letter_of_credit", "surety_bond", "reinsurance", "withheld_savings")
"""Those that anybody may choose; losses wait for later payments only where a programme offers it."""

GUARANTEES = ("escrow", "letter_of_credit", "surety_bond")
"""Those by which an amount can be held whole; the others depend on what happens, or on what a reinsurer offers."""

Rate = Annotated[float, Field(ge=0.0, le=1.0)]


class InstrumentChoice(Table):
    """One way to make sure that losses can be paid; what is left out has the usual sourced price."""

    name: InstrumentName = Field(description="which way")
    holding: Rate | None = Field(
        None, description="a year's price of each dollar held ready: fee, premium or rate on line, without collateral"
    )
    drawing: Rate | None = Field(
        None, description="price of each dollar drawn: interest, or for reinsurance the loading on expected recoveries"
    )
    collateral: Share | None = Field(None, description="share of the amount to be deposited in cash")
    limit: Annotated[float, Field(gt=0.0)] | None = Field(None, description="largest amount to be had, dollars")
    attachment: Annotated[float, Field(ge=0.0)] | None = Field(
        None, description="reinsurance: losses beyond which it pays, dollars; default: by how seldom they are reached"
    )
    share: Share | None = Field(None, description="withheld savings, recoupment: share of each payment that is used")
    accepted: bool | None = Field(None, description="whether the programme takes it as repayment mechanism")

    @model_validator(mode="after")
    def _check(self) -> InstrumentChoice:
        flows = self.name in ("withheld_savings", "recoupment")
        foreign = {"collateral", "limit", "accepted"} if flows else {"share"}
        foreign |= set() if self.name == "reinsurance" else {"attachment"}
        foreign |= {"drawing"} if flows or self.name == "escrow" else set()
        for key in sorted(foreign):
            if getattr(self, key) is not None:
                raise ValueError(f"{self.name} has no {key}")
        return self


class Security(Table):
    """How sure one wants to be of being able to pay, and the ways to choose from."""

    chance: Chance = Field(0.95, description="wanted chance of being able to pay what is owed")
    over: Literal["year", "agreement"] = Field(
        "agreement",
        description="'agreement': all losses of it from what was set aside at the start; 'year': what is drawn is "
        "replaced before the next",
    )
    cost_of_capital: Rate | None = Field(None, description="a year's price of a dollar tied up; default: sourced")
    instruments: Annotated[tuple[InstrumentChoice, ...], BeforeValidator(as_tuple)] = Field(
        tuple(InstrumentChoice(name=name) for name in USUAL),
        min_length=1,
        description="what there is to choose from; default: all but recoupment, at usual prices, without limit",
    )

    @model_validator(mode="after")
    def _check(self) -> Security:
        names = [choice.name for choice in self.instruments]
        if len(set(names)) < len(names):
            raise ValueError("an instrument is named twice")
        if not any(c.name in GUARANTEES and c.limit is None and c.accepted is not False for c in self.instruments):
            raise ValueError(f"one of {', '.join(GUARANTEES)} must be among them without limit")
        return self
