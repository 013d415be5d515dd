"""``simdce law``: the exact law of the first performance year's savings rate and payment, without simulation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from simdce.exact import PaymentLaw

PERCENTILES = (0.05, 0.25, 0.50, 0.75, 0.95)
SMALLEST_SHOWN = 1e-3
"""What the linearisation leaves out of a probability before the tables say so."""


@click.command()
@click.argument("scenario", type=click.Path())
@click.option("--size", type=click.IntRange(100, 10_000_000), help="Panel size, in place of the scenario's.")
@click.option("--curve", is_flag=True, help="Chances of reward and penalty from 300 to a million people.")
@click.option("--figure", type=click.Path(dir_okay=False), help="With --curve: draw it to an SVG file too.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of tables.")
def command(scenario: str, size: int | None, curve: bool, figure: str | None, as_json: bool) -> None:
    """Exact chances of SCENARIO's first performance year, in a blink and with a bound instead of a standard error.

    The law of the savings rate and of the payment under every arrangement and panel size, world-level shocks included.
    """
    if (figure is not None and not curve) or (size is not None and curve):
        raise click.UsageError("--figure goes with --curve, --size does not")
    from simdce.errors import InputError
    from simdce.exact import ExactModel
    from simdce.scenario import read_scenario

    read = read_scenario(scenario)
    if curve:
        from simdce.cli._curve import show_curves

        try:
            show_curves(read, figure, as_json=as_json)
        except InputError as error:
            raise error.within(scenario) from error
        return
    sizes = read.panel.sizes if size is None else (size,)
    try:
        model = ExactModel(read)
        laws = {(n, choice.key): model.payment(choice.key, n) for n in sizes for choice in read.arrangements}
    except InputError as error:
        raise error.within(scenario) from error
    if as_json:
        import json

        rows = [_figures(size, key, payment) for (size, key), payment in laws.items()]
        click.echo(json.dumps({"scenario": read.title, "digest": read.digest, "laws": rows}, indent=2))
        return
    _print(read.title, sizes, laws)


def _figures(size: int, arrangement: str, payment: PaymentLaw) -> dict[str, Any]:
    law = payment.law
    quantiles = law.quantile(PERCENTILES)
    return {
        "arrangement": arrangement,
        "panel_size": size,
        "performance_year": "PY1",
        "mean_savings_rate": law.mean,
        "sd_savings_rate": law.sd,
        "skewness_savings_rate": law.skewness,
        **{f"savings_rate_p{100 * chance:g}": float(rate) for chance, rate in zip(PERCENTILES, quantiles, strict=True)},
        "chance_paid": payment.chance_paid,
        "chance_owing": payment.chance_owing,
        "mean_net": payment.mean_dollars,
        "mean_net_bound": payment.mean_dollars_bound,
        "mean_net_of_benchmark": payment.mean,
        "var_95_of_benchmark": payment.value_at_risk(0.95),
        "tvar_95_of_benchmark": payment.tail_value_at_risk(0.95),
        "expected_benchmark": payment.expected_benchmark,
        "error_bound": law.error_bound,
        "second_order": law.second_order,
        "left_out": law.left_out,
        "approximated": list(law.approximated),
        "neglected": list(law.neglected),
    }


def _print(title: str, sizes: tuple[int, ...], laws: dict[tuple[int, str], PaymentLaw]) -> None:
    from rich.table import Table

    from simdce.cli._tables import as_note, wide_console
    from simdce.wording import money, percent

    console = wide_console()
    console.print(f"\n{title}", style="bold")
    console.print(
        "Performance year 1, exact: no simulation, hence no standard error; dollars are net payments to the ACO, minus "
        "when it owes"
    )
    headings = ("arrangement", *(f"S, {100 * p:g}%" for p in PERCENTILES), "mean S", "sd of S", "paid", "owing")
    for size in sizes:
        table = Table(title=f"\n{size:,} people: savings rate S and payment", box=None, pad_edge=False)
        table.title_style, table.title_justify, table.header_style = "bold", "left", "bold"
        for number, heading in enumerate((*headings, "mean payment", "1 in 20 loses more than")):
            table.add_column(heading, justify="left" if number == 0 else "right")
        for (other, key), payment in laws.items():
            if other != size:
                continue
            law = payment.law
            rates = [float(rate) for rate in law.quantile(PERCENTILES)]
            table.add_row(
                key,
                *(percent(rate, digits=2) for rate in (*rates, law.mean, law.sd)),
                percent(payment.chance_paid, digits=2),
                percent(payment.chance_owing, digits=2),
                money(payment.mean_dollars),
                money(max(payment.value_at_risk(0.95), 0.0) * payment.expected_benchmark),
            )
        console.print(table)
    found = [payment.law for payment in laws.values()]
    console.print(
        f"\nProbabilities are exact to {max(law.error_bound for law in found):.0e} for the linearised benchmark, whose "
        f"second-order term moves them by up to {max(law.second_order for law in found):.0e} (included)."
    )
    left_out = max(law.left_out for law in found)
    if left_out > SMALLEST_SHOWN:
        console.print(
            as_note(
                f"terms beyond second order would move a probability by about {left_out:.1g} at worst: "
                "a category has only a handful of people; simulate the smallest panels"
            )
        )
    notes: dict[str, list[str]] = {}
    for (_, key), payment in laws.items():
        for text in (*payment.law.approximated, *payment.law.neglected):
            users = notes.setdefault(text, [])
            if key not in users:
                users.append(key)
    for text, users in notes.items():
        console.print(as_note(f"{', '.join(users)}: {text}"))
