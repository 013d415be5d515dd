"""``simdce rebase``: published Shared Savings Program results under the benchmark that LEAD would have set."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from simdce.rebased.lead import Rebased

_STEPS = {
    "adjustment_removed": "adjustment of the Shared Savings Program taken out",
    "regional_efficiency": "LEAD's share of the regional difference",
    "regional_cap": "held at LEAD's cap",
    "prior_savings": "prior savings, where larger",
    "discount": "discount",
    "quality_withhold": "quality withhold not earned",
    "administrative_add_on": "administrative add-on",
}


_TAKEN = {"discount": "the discount", "quality_withhold": "the quality withhold"}


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--under", "family", default="lead_global", show_default=True, help="lead_global or lead_professional.")
@click.option("--year", type=int, default=None, help="Year whose LEAD rules apply (default: the first).")
@click.option("--quality-score", type=float, default=1.0, show_default=True, help="LEAD's score, a fraction.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.option(
    "--rows", "rows_file", metavar="OUT.csv", type=click.Path(path_type=Path), help="Write every ACO, step by step."
)
def command(
    files: tuple[Path, ...], family: str, year: int | None, quality_score: float, as_json: bool, rows_file: Path | None
) -> None:
    """Rebuild the benchmarks of Shared Savings Program results under LEAD, and settle them there.

    Takes public-use files from 2024, which state how each benchmark was adjusted. Under lead_global each ACO is lower-
    or higher-spending as its regional adjustment says. The baseline years stay CMS's own.
    """
    from simdce.arrangements import load
    from simdce.files import refuse_to_replace, write_whole
    from simdce.published.benchmark_parts import read_benchmark_parts
    from simdce.published.reading import without_repeats
    from simdce.rebased.lead import arrangements_of, rebased

    refuse_to_replace(rows_file, files)
    rules_of = load(arrangements_of(family)[0]).first_year if year is None else year
    parts = [each for path in files for each in read_benchmark_parts(path)]
    for problem in without_repeats([each.row for each in parts])[1]:
        raise problem
    found = rebased(parts, family, rules_of, quality_score=quality_score)
    extremes = {
        "lowest": rebased(parts, family, rules_of, quality_score=quality_score, weights="lowest"),
        "highest": rebased(parts, family, rules_of, quality_score=quality_score, weights="highest"),
    }
    document = _document(found, family, rules_of, quality_score, extremes)
    if rows_file is not None:
        write_whole(rows_file, _rows(found, family))
    if as_json:
        click.echo(json.dumps(document, indent=1, allow_nan=False))
    else:
        _print(document)


def _document(
    found: Rebased, family: str, year: int, quality_score: float, extremes: dict[str, Rebased]
) -> dict[str, Any]:
    from simdce.rebased.figures import published_estimate
    from simdce.rebased.notes import notes
    from simdce.rebased.summary import groups, quantiles, waterfall_steps

    years = sorted({each.row.figures.year for each in found.parts})
    estimate = published_estimate(family, years[0]) if len(years) == 1 else None
    changes = {weights: groups(each)[-1].change_share for weights, each in extremes.items()}
    return {
        "under": family,
        "rules_of": year,
        "performance_years": years,
        "groups": [
            {**asdict(group), "change_share": group.change_share if group.settled else None} for group in groups(found)
        ],
        "waterfall": [asdict(step) for step in waterfall_steps(found)],
        "change_share_by_regional_weight": changes,
        "quantiles": [
            {"quantile": at, "change_share": change, "payment_less_paid": difference}
            for at, change, difference in quantiles(found)
        ],
        "published_estimate": None if estimate is None else asdict(estimate),
        "notes": list(notes(found, quality_score)),
    }


def _rows(found: Rebased, family: str) -> bytes:
    """Every ACO as CSV, dollars to the cent."""
    from simdce.rebased.lead import FAMILIES

    steps = [field.name for field in fields(found.waterfall)]
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    about = ["file", "row", "aco", "year", "settled_under", "designation", "arrangement"]
    writer.writerow([*about, "benchmark_settled", *steps, "benchmark", "expenditure", "paid", "payment"])
    for place, each in enumerate(found.parts):
        figures, lower = each.row.figures, bool(found.lower_spending[place])
        dollars = [
            found.settled,
            *(getattr(found.waterfall, name) for name in steps),
            found.benchmark,
            found.expenditure,
            found.paid,
            found.payment,
        ]
        writer.writerow(
            [each.row.file, each.row.line, figures.aco, figures.year, figures.arrangement]
            + ["lower_spending" if lower else "higher_spending", FAMILIES[family][0 if lower else 1]]
            + [f"{values[place] + 0.0:.2f}" for values in dollars]
        )
    return text.getvalue().encode()


def _print(document: dict[str, Any]) -> None:
    from simdce.cli._tables import as_note, wide_console

    console = wide_console()
    whole = document["groups"][-1]
    years = " and ".join(str(year) for year in document["performance_years"])
    console.print(
        f"\n{whole['acos']:,} ACOs of {years} under {document['under']}, rules of {document['rules_of']}", style="bold"
    )
    console.print(_waterfall(document))
    console.print(_groups(document["groups"]))
    console.print(_quantiles(document["quantiles"]))
    for sentence in _sentences(document):
        console.print(f"\n{sentence}")
    for note in document["notes"]:
        console.print(as_note(f"{note}."))


def _sentences(document: dict[str, Any]) -> list[str]:
    """What came out, why, and what others found."""
    from simdce.wording import money, percent

    lower, higher, whole = document["groups"]

    def share(dollars: float) -> str:
        return percent(dollars / whole["settled"], digits=2)

    steps = {step["name"]: step["all_acos"] for step in document["waterfall"]}
    given = steps["regional_efficiency"] + steps["regional_cap"] + steps["prior_savings"]
    why = [
        f"region and prior savings give {share(given)} under LEAD where they had given "
        f"{share(-steps['adjustment_removed'])}",
        *(f"{what} takes {share(-steps[name])}" for name, what in _TAKEN.items() if steps[name]),
        *(f"the add-on gives {share(each)}" for each in [steps["administrative_add_on"]] if each),
    ]
    told = [
        f"Benchmarks change by {money(whole['change'])}, {share(whole['change'])} of those settled; "
        f"{whole['raised']:,} of {whole['acos']:,} rise. Why: {', '.join(why)}."
    ]
    low, high = sorted(document["change_share_by_regional_weight"].values())
    if low != high:
        told.append(
            "With the lowest and the highest regional weight of the rules in place of each agreement's, the change is "
            f"between {percent(low, digits=2)} and {percent(high, digits=2)}."
        )
    estimate = document["published_estimate"]
    if estimate is not None:
        told.append(
            f"Published: {money(estimate['change'])}, {percent(estimate['change_share'])}; "
            f"{estimate['lower_spending']:,} lower-spending and {estimate['higher_spending']:,} higher-spending ACOs, "
            f"the latter changed by {money(estimate['higher_spending_change'])} ({estimate['source']}). "
            f"Here, on {whole['acos']:,} ACOs: {money(whole['change'])}, {share(whole['change'])}; "
            f"{lower['acos']:,} and {higher['acos']:,}, the latter changed by {money(higher['change'])}."
        )
    return told


def _waterfall(document: dict[str, Any]) -> Any:
    from simdce.wording import money, percent

    lower, higher, whole = document["groups"]
    table = _table("\nFrom the benchmark settled to LEAD's", "", "all", "%", "lower-spending", "higher-spending")
    table.add_row("benchmark settled", *_cells(whole["settled"], lower["settled"], higher["settled"], ""))
    for step in document["waterfall"]:
        if step["all_acos"]:
            share = percent(step["all_acos"] / whole["settled"], digits=2)
            table.add_row(
                _STEPS[step["name"]], *_cells(step["all_acos"], step["lower_spending"], step["higher_spending"], share)
            )
    table.add_section()
    ends = [group["settled"] + group["change"] for group in (whole, lower, higher)]
    share = percent(whole["change_share"], digits=2)
    table.add_row("LEAD's benchmark", *_cells(ends[0], ends[1], ends[2], share), style="bold")
    table.add_row(
        "change", *(money(whole["change"]), "", money(lower["change"]), money(higher["change"])), style="bold"
    )
    return table


def _cells(whole: float, lower: float, higher: float, share: str) -> tuple[str, str, str, str]:
    from simdce.wording import money

    return money(whole), share, money(lower), money(higher)


def _groups(groups: Sequence[dict[str, Any]]) -> Any:
    from simdce.wording import UNKNOWN, money, percent

    table = _table(
        "\nWhat was settled, and what LEAD would have settled on the same cost",
        *(
            "",
            "ACOs",
            "benchmark",
            "savings",
            "LEAD savings",
            "paid",
            "LEAD pays",
            "owing",
            "LEAD: owing",
            "better paid",
        ),
    )
    for group in groups:
        share = group["change_share"]
        table.add_row(
            group["name"],
            f"{group['acos']:,}",
            UNKNOWN if share is None else percent(share, digits=2),
            *(money(group[name]) for name in ("savings_settled", "savings", "paid", "payment")),
            *(f"{group[name]:,}" for name in ("owing_settled", "owing", "better_paid")),
            style="bold" if group["name"] == "all" else "",
        )
    return table


def _quantiles(found: Sequence[dict[str, float]]) -> Any:
    from simdce.wording import money, percent

    table = _table("\nOver ACOs", "", *(f"{100 * each['quantile']:g}%" for each in found))
    table.add_row("change of the benchmark", *(percent(each["change_share"], digits=2) for each in found))
    table.add_row("LEAD's payment less what was paid", *(money(each["payment_less_paid"]) for each in found))
    return table


def _table(title: str, *headings: str) -> Any:
    from rich.table import Table

    table = Table(title=title, title_justify="left", title_style="bold", box=None, header_style="bold", pad_edge=False)
    for place, heading in enumerate(headings):
        table.add_column(heading, justify="right" if place else "left")
    return table
