"""The what-if page: one file with the exact laws inside, on which sliders answer at once what a contract would pay.

Python resolves the contracts and packs the laws of the first performance year; the page's own script settles, inverts
the law at every gate, and integrates. No number is interpolated across a gate, no request leaves the file.
"""

from __future__ import annotations

import base64
import hashlib
import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from scipy.special import ndtri

from simdce import arrangements, calibration
from simdce.errors import InputError
from simdce.files import write_whole
from simdce.report.names import names
from simdce.results import headline_size
from simdce.scenario import ArrangementChoice, Scenario
from simdce.whatif.contracts import REMEMBERS, contract_record, settles_alone
from simdce.whatif.laws import SCORES, PackedLaws

__all__ = ["page_data", "what_if_page", "write_what_if"]

_ROOM = Path(__file__).parent
_SCRIPTS = ("settle.js", "law.js", "answer.js", "words.js", "draw.js", "page.js")
_STYLES = (_ROOM.parent / "report" / "style.css", _ROOM / "whatif.css")

SAVED = (-0.02, 0.10)
"""True savings that the page can ask for, wider where the scenario's own are."""

_YEARS = (
    ("Good year in 10", "one year in ten is as good or better", 0.90),
    ("Typical year", "half the years are better", 0.50),
    ("Worst year in 20", "one year in twenty is as bad or worse", 0.05),
)
"""What a percentile is called, what that means, and its probability."""


def write_what_if(scenario: Scenario, path: str | Path) -> int:
    """The page of a scenario at ``path``, whole or not at all; its size in bytes.

    Raises InputError where it cannot be written or no contract of the scenario can stand on the page.
    """
    content = what_if_page(scenario).encode("utf-8")
    write_whole(Path(path), content)
    return len(content)


def what_if_page(scenario: Scenario) -> str:
    """The page as HTML that needs nothing beside it; equal scenarios give equal pages. Errors as ``write_what_if``."""
    carried = page_data(scenario)
    script = '"use strict";\n' + "\n".join((_ROOM / name).read_text(encoding="utf-8") for name in _SCRIPTS)
    style = "\n".join(path.read_text(encoding="utf-8") for path in _STYLES)
    policy = {
        "default-src": "'none'",
        "script-src": _hashed(script),
        "style-src": _hashed(style),
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    rooms = Environment(
        loader=FileSystemLoader(_ROOM), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return rooms.get_template("whatif.html").render(
        scenario=scenario,
        version=version("simdce"),
        policy="; ".join(f"{name} {value}" for name, value in policy.items()),
        script=Markup(script),
        style=Markup(style),
        data=Markup(json.dumps(carried, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")),
        sizes=carried["stops"],
        years=carried["years"],
        assumed=_assumed(scenario, carried),
        known=_known(carried),
        left_out=_left_out(scenario),
    )


def page_data(scenario: Scenario) -> dict[str, Any]:
    """What the script reads: contracts, packed laws, where sliders begin and how far they go. Errors as above."""
    own = scenario.savings.by_year(scenario.years.performance)[0]
    saved = (min(SAVED[0], own), max(SAVED[1], own))
    called, laws, contracts = names(scenario), PackedLaws(scenario, saved), []
    for choice in scenario.arrangements:
        if settles_alone(choice):
            position, payment = laws.add(choice, stop_loss=_stop_loss(scenario, choice))
            known = [*payment.law.approximated, *payment.law.neglected]
            a_person = payment.expected_benchmark / laws.sizes.even[0]
            record = contract_record(scenario, choice, called[choice.key], a_person)
            contracts.append({**record, "law": position, "known": known})
    if not contracts:
        raise InputError(f"no contract of this scenario can stand on the page: {REMEMBERS}", key="arrangements")
    return {
        "contracts": contracts,
        "laws": laws.packed,
        "scores": SCORES.tolist(),
        "sizes": {"even": laws.sizes.even, "own": laws.sizes.own},
        "shares": [scenario.mix[name] for name in calibration.CATEGORIES],
        "stops": sorted(laws.sizes.all),
        "saved": saved,
        "years": [
            {"name": name, "meaning": meaning, "score": float(ndtri(chance))} for name, meaning, chance in _YEARS
        ],
        "start": {"contract": 0, "size": headline_size(scenario.panel.sizes), "saved": own},
    }


def _stop_loss(scenario: Scenario, choice: ArrangementChoice) -> bool:
    held = arrangements.load(choice.name).in_force(scenario.years.performance_years, choice.elections)
    return bool(held.elected("stop_loss")[0])


def _left_out(scenario: Scenario) -> list[str]:
    """What the scenario asks that the page does not answer, each with its reason."""
    called = names(scenario)
    told = [f"{called[each.key]}: {REMEMBERS}" for each in scenario.arrangements if not settles_alone(each)]
    if scenario.practice is not None:
        told.append(
            "The tiers that a practice may sign: they turn on the practice’s own year beside that of the whole panel, "
            "which only a simulation has together (simdce run)."
        )
    return told


def _assumed(scenario: Scenario, carried: dict[str, Any]) -> list[str]:
    """What the page takes as given and what it holds only nearly, for every contract on it."""
    year = scenario.years.performance_years[0]
    told = [
        f"One performance year, {year}, by its rules; what later years, or several together, bring "
        "is in the report of a run (simdce run).",
        "No simulation: the chances are those of the exact law of the savings rate, with the luck that no panel size "
        "removes (a bad year for everybody, a benchmark that is off, an error of the forecast trend) in it.",
        "Dollars of a typical, good or bad year are at the benchmark that is expected; the average also counts how the "
        "benchmark moves with luck.",
        "Between the panel sizes that the file holds, the law of the savings rate is interpolated, the payment never: "
        "the contract is applied to every year, and chances are read where its gates stand.",
        "The payment is that of the whole contract, before its holder shares it with practices.",
    ]
    if any(len(law["saved"]) > 1 for law in carried["laws"]):
        told.append(
            "Where stop-loss is elected, its charge does not fall with what you save: the law was computed at three "
            "rates of savings, and a parabola stands for those between."
        )
    return told


def _known(carried: dict[str, Any]) -> list[str]:
    """What the exact law holds to some order or leaves out, each once."""
    texts = dict.fromkeys(text for contract in carried["contracts"] for text in contract["known"])
    size = f"{carried['stops'][0]:,}"
    return [f"At {size} people, {text}." for text in texts]


def _hashed(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode('utf-8')).digest()).decode()}'"
