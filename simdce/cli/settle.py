"""``simdce settle``: one settlement, step by step, as an actuary would check it by hand."""

from __future__ import annotations

import json
import re
import shutil
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from simdce.arrangements import Arrangement
    from simdce.arrangements.elections import Elections
    from simdce.arrangements.in_force import InForce
    from simdce.arrangements.settlement import Settlement, Step
    from simdce.sourced import Sourced

_INDENT: dict[str, Any] = {"initial_indent": "  ", "subsequent_indent": "    "}


@click.command()
@click.argument("name")
@click.option("--year", "years", required=True, help="Performance year, or several: 2022,2023 or 2022-2024.")
@click.option("--benchmark", required=True, help="Dollars a year; REACH: final benchmark with equity adjustment.")
@click.option("--expenditure", required=True, help="Dollars a year of Part A and B cost.")
@click.option("--beneficiaries", required=True, help="Assigned people.")
@click.option("--quality-score", help="Fraction, 0.85 or 85%.")
@click.option("--quality-standard", help="met, alternative or not_met.")
@click.option("--msr", help="Elected minimum savings rate: a fraction, 1.5% or variable.")
@click.option("--gross-cap", help="Elected cap on gross savings and losses: 5% or 15%.")
@click.option("--revenue", help="Dollars a year of participants' Part A and B revenue.")
@click.option("--low-revenue/--high-revenue", default=None, help="Whether the ACO is low revenue.")
@click.option("--agreement-start", help="Calendar year; default the first performance year.")
@click.option("--relief", help="Share of a loss forgiven for extreme and uncontrollable circumstances.")
@click.option("--emergency-relief", is_flag=True, help="Apply the COVID-19 relief of 2020 to 2023.")
@click.option("--part-year", help="Share of the calendar year settled: six months are 0.5.")
@click.option("--set", "overrides", multiple=True, metavar="NUMBER=VALUE", help="Replace a number of the arrangement.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def command(name: str, years: str, as_json: bool, **written: Any) -> None:
    """Settle one or several performance years of an arrangement, step by step.

    Amounts may be written $1,234,567.89 or 12.3M. For several years give one amount for all, or a list apart by ";".
    """
    import numpy as np

    from simdce.arrangements import load
    from simdce.arrangements.settlement import Outcome

    arrangement = load(name)
    when = _years(years)
    figures = {
        option: np.array(_amounts(written[option], len(when), _flag(option)))
        for option in ("benchmark", "expenditure", "beneficiaries", "revenue")
        if written[option] is not None
    }
    outcome = Outcome(figures["benchmark"], figures["expenditure"], figures["beneficiaries"], figures.get("revenue"))
    elections = _elections(written, len(when))
    _refuse_elections_without_effect(arrangement, elections)
    settlement = arrangement.settle(outcome, when, elections)
    numbers = arrangement.in_force(when, elections)
    if as_json:
        click.echo(json.dumps(_as_mapping(arrangement, numbers, settlement), indent=2))
    else:
        click.echo("\n".join(_lines(arrangement, numbers, settlement)))


def _elections(written: dict[str, Any], count: int) -> Elections:
    from simdce.arrangements.elections import Elections

    chosen: dict[str, Any] = {}
    for option, election in (
        ("quality_score", "quality_score"),
        ("relief", "extreme_circumstance_relief"),
        ("part_year", "part_year"),
    ):
        if written[option] is not None:
            chosen[election] = _fractions(written[option], count, _flag(option))
    if written["msr"] is not None:
        rate = written["msr"].strip().lower()
        chosen["minimum_savings_rate"] = "variable" if rate == "variable" else _fraction(rate, "--msr")
    if written["gross_cap"] is not None:
        chosen["gross_cap"] = _fraction(written["gross_cap"], "--gross-cap")
    if written["agreement_start"] is not None:
        chosen["agreement_start"] = _years(written["agreement_start"], "--agreement-start")[0]
    for option in ("quality_standard", "low_revenue"):
        if written[option] is not None:
            chosen[option] = written[option]
    if written["emergency_relief"]:
        chosen["public_health_emergency_relief"] = True
    chosen["overrides"] = dict(_override(each, count) for each in written["overrides"])
    return Elections.of(chosen)


def _refuse_elections_without_effect(arrangement: Arrangement, elections: Elections) -> None:
    from simdce.errors import InputError

    for election in elections.chosen():
        if election not in arrangement.elections:
            continue  # settling says so, with the nearest name
        acts_on = arrangement.elections[election].entries[0].value.get("acts_on", "settlement")
        if acts_on != "settlement":
            raise InputError(
                f"under {arrangement.name} it acts on the {acts_on}, not on the settlement of a given benchmark",
                key=_flag(election),
            )
    for name in elections.overrides:
        section = next((each for each in ("benchmark", "repayment") if name in getattr(arrangement, each)), None)
        if section:
            problem = f"it acts on the {section}, not on the settlement of a given benchmark"
            raise InputError(problem, key=f"--set {name}", allowed=", ".join(sorted(arrangement.terms)))


def _doubtful(numbers: InForce, settlement: Settlement) -> list[tuple[str, Sourced]]:
    """The numbers that the steps used and that are neither verified nor quoted."""
    found: list[tuple[str, Sourced]] = []
    for name in dict.fromkeys(name for step in settlement.steps for name in step.terms if name in numbers):
        for entry in numbers.sourced(name):
            if entry.confidence not in ("verified", "quoted") and (name, entry) not in found:
                found.append((name, entry))
    return found


def _elected(numbers: InForce) -> dict[str, list[Any]]:
    """What was elected or taken by default, by name, one value per performance year."""
    elected = {name: list(numbers.elected(name)) for name in sorted(numbers.offered)}
    return {name: values for name, values in elected.items() if values[0] is not None}


def _lines(arrangement: Arrangement, numbers: InForce, settlement: Settlement) -> Iterator[str]:
    width = shutil.get_terminal_size((100, 0)).columns
    years = numbers.timeline.performance_years
    yield f"{arrangement.title}: settlement of {', '.join(str(year) for year in years)}"
    label = max(len(step.name) for step in settlement.steps) + 4
    shown = [[_shown(value, step.unit) for value in _by_year(step, len(years))] for step in settlement.steps]
    column = max(len(value) for row in shown for value in row) + 2
    if len(years) > 1:
        yield "\n" + " " * label + "".join(f"{year:>{column}}" for year in years)
    for number, (step, row) in enumerate(zip(settlement.steps, shown, strict=True), start=1):
        yield f"\n{f'{number}. {step.name}':<{label}}" + "".join(f"{value:>{column}}" for value in row)
        yield from textwrap.wrap(step.sentence, width, initial_indent="    ", subsequent_indent="    ")
    choices = "; ".join(
        f"{name} {', '.join(dict.fromkeys(_plain(value) for value in values))}"
        + ("" if name in numbers.chosen else " (default)")
        for name, values in _elected(numbers).items()
    )
    yield "\nElections:"
    yield from textwrap.wrap(f"agreement_start {numbers.timeline.agreement_start}; {choices}", width, **_INDENT)
    doubtful = _doubtful(numbers, settlement)
    if doubtful:
        yield "\nNumbers used that are neither verified nor quoted:"
        for name, entry in doubtful:
            told = f"{name} = {_plain(entry.value)} ({entry.unit}; {entry.years}), {entry.confidence}: {entry.source}"
            told += f" ({entry.note})" if entry.note else ""
            yield from textwrap.wrap(told, width, **_INDENT)


def _as_mapping(arrangement: Arrangement, numbers: InForce, settlement: Settlement) -> dict[str, object]:
    years = numbers.timeline.performance_years
    dollars = ("gross_savings", "earned", "owed", "cash", "net")
    flags = ("gate_met", "loss_gate_met", "savings_cap_hit", "loss_limit_hit")
    return {
        "arrangement": arrangement.name,
        "title": arrangement.title,
        "performance_years": list(years),
        "elections": _elected(numbers),
        **{name: [float(value) + 0.0 for value in getattr(settlement, name)] for name in dollars},
        **{name: [bool(value) for value in getattr(settlement, name)] for name in flags},
        "steps": [
            {"name": s.name, "sentence": s.sentence, "value": _by_year(s, len(years)), "unit": s.unit}
            for s in settlement.steps
        ],
        "neither_verified_nor_quoted": [
            {"name": name, **entry.record()} for name, entry in _doubtful(numbers, settlement)
        ],
    }


def _by_year(step: Step, count: int) -> list[Any]:
    import numpy as np

    values = np.broadcast_to(step.value, (count,))
    return [bool(value) if values.dtype == np.bool_ else float(value) + 0.0 for value in values]


def _shown(value: Any, unit: str) -> str:
    from simdce.arrangements.headline import percent

    if isinstance(value, bool):
        return "yes" if value else "no"
    if unit == "dollars":
        return f"{'-' if value < -0.005 else ''}${abs(value):,.2f}"
    return _plain(value) if unit == "calendar year" else percent(value)


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


# Reading what people write ------------------------------------------------------------------------------------------

_AMOUNT = re.compile(r"\$?(\d{1,3}(?:,\d{3})+|\d*)(\.\d+)?([KMB]?)", re.IGNORECASE)
_SCALE = {"": 1, "K": 10**3, "M": 10**6, "B": 10**9}


def _years(written: str, flag: str = "--year") -> tuple[int, ...]:
    from simdce.errors import InputError

    span = re.fullmatch(r"\s*(\d{4})\s*[-–]\s*(\d{4})\s*", written)
    if span:
        return tuple(range(int(span[1]), int(span[2]) + 1))
    parts = [part for part in re.split(r"[\s,;]+", written.strip()) if part]
    if not parts or not all(re.fullmatch(r"\d{4}", part) for part in parts):
        raise InputError("not a year", key=flag, value=written, allowed="2024, or 2022,2023, or 2022-2024")
    return tuple(int(part) for part in parts)


def _amounts(written: str, count: int, flag: str) -> list[float]:
    """One amount per performance year; commas group thousands or separate years, whichever fits the number of years."""
    from simdce.errors import InputError

    by_separator = _read(re.split(r"\s*;\s*|,\s+|\s+", written.strip().rstrip(";")))
    by_comma = _read(re.split(r"\s*[,;]\s*", written.strip()))
    readings = [list(each) for each in dict.fromkeys((by_separator, by_comma)) if each is not None]
    fitting = [each for each in readings if len(each) in (1, count)]
    if len(fitting) > 1:
        raise InputError(
            "ambiguous: thousands or several years?", key=flag, value=written, allowed="years apart by ';'"
        )
    if not fitting:
        one = "an amount of zero or more, such as $1,234,567.89"
        raise InputError(
            "not an amount" if not readings else f"{len(readings[0])} amounts for {count} performance year(s)",
            key=flag,
            value=written,
            allowed=one if count == 1 else f"{one}, or {count} of them apart by ';'",
        )
    return fitting[0] * count if len(fitting[0]) == 1 else fitting[0]


def _read(parts: list[str]) -> tuple[float, ...] | None:
    """The amounts, or None when a part is none; a part with a leading zero is a piece of a longer amount."""
    found = [_AMOUNT.fullmatch(part) for part in parts]
    if any(m is None or not (m[1] or m[2]) or re.match(r"0\d", m[1]) for m in found):
        return None
    return tuple(float(m[1].replace(",", "") + (m[2] or "")) * _SCALE[m[3].upper()] for m in found if m)


def _fraction(written: str, flag: str) -> float:
    from simdce.errors import InputError

    match = re.fullmatch(r"\s*(\d*\.?\d+|\d+\.)\s*(%?)\s*", written)
    if match is None:
        raise InputError("not a fraction", key=flag, value=written, allowed="0 to 1, or a percentage such as 75%")
    # divided, not multiplied by 0.01: 1.5% must be the double that 0.015 is
    value = float(match[1]) / 100 if match[2] else float(match[1])
    if value > 1:
        meant = f"{match[1]}%" if float(match[1]) <= 100 else None
        raise InputError("above 1", key=flag, value=written, allowed="0 to 1, or a percentage", nearest=meant)
    return value


def _fractions(written: str, count: int, flag: str) -> float | list[float]:
    from simdce.errors import InputError

    values = [_fraction(part, flag) for part in re.split(r"[;,]\s*|\s+", written.strip())]
    if len(values) not in (1, count):
        raise InputError(f"{len(values)} values for {count} performance years", key=flag, value=written)
    return values[0] if len(values) == 1 else values


def _override(written: str, count: int) -> tuple[str, float | list[float]]:
    from simdce.errors import InputError

    name, equals, value = written.partition("=")
    if not equals:
        raise InputError("write NUMBER=VALUE", key="--set", value=written)
    if value.strip().endswith("%"):
        return name.strip(), _fractions(value, count, f"--set {name.strip()}")
    values = _amounts(value, count, f"--set {name.strip()}")
    return name.strip(), values[0] if len(set(values)) == 1 else values


def _flag(option: str) -> str:
    return "--" + option.replace("_", "-")
