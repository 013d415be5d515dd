"""What a run leaves behind: one JSON document, a Parquet table, a record that reproduces it, and the report."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import asdict
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simdce.assumptions import cautions
from simdce.files import write_all
from simdce.metrics import Estimate
from simdce.results import CASH, DIFFERENCES, METRICS, PRACTICE, QUARTILES, CashRow, cash_frame, frame, practice_frame
from simdce.run import Answers
from simdce.studies.break_even import BreakEven
from simdce.studies.cash import BANDS
from simdce.studies.tornadoes import driver_frame

if TYPE_CHECKING:
    import pandas as pd


def save(answers: Answers, folder: Path) -> list[Path]:
    """Write results.parquet, report.html and, last, run.json with the digests of the others; returns the paths.

    Where arrangements are compared, comparison.parquet stands between the first two; so do practice.parquet where the
    scenario has a practice, cash.parquet where it has a cash table, and drivers.parquet where they were asked for.
    """
    from simdce.report import report_page

    contents = {folder / "results.parquet": _parquet(answers, answers.estimates)}
    if answers.comparison is not None:
        contents[folder / "comparison.parquet"] = _parquet(answers, frame(answers.comparison.differences))
    if answers.practice is not None:
        contents[folder / "practice.parquet"] = _parquet(answers, practice_frame(answers.practice.rows))
    if answers.cash:
        contents[folder / "cash.parquet"] = _parquet(answers, cash_frame(_cash_rows(answers)))
    if answers.drivers:
        contents[folder / "drivers.parquet"] = _parquet(answers, driver_frame(answers.drivers))
    contents[folder / "report.html"] = report_page(answers).encode()
    digests = {path.name: hashlib.sha256(content).hexdigest() for path, content in contents.items()}
    contents[folder / "run.json"] = _text({**run_record(answers), "files": digests}).encode()
    write_all(contents)
    return list(contents)


def run_record(answers: Answers) -> dict[str, Any]:
    """The run without its tables: stamp, scenario as validated, cautions, what metrics mean, answers to questions."""
    return {
        **answers.stamp,
        "scenario": answers.scenario.model_dump(mode="json"),
        "cautions": cautions(answers.scenario),
        "metrics": {
            name: {"unit": metric.unit, "meaning": metric.sentence}
            for name, metric in {**METRICS, **DIFFERENCES}.items()
        },
        "viability": _viability(answers),
        "repayment": _repayment(answers),
        "observed": _observed(answers),
        "comparison": _comparison(answers),
        "practice": _practice(answers),
        **_cash(answers),
        **_security(answers),
        **_drivers(answers),
        **_variance_saved(answers),
    }


def json_document(answers: Answers) -> str:
    """``run --json``: scenario, digest of the simulated totals, tables, answers to the questions; NaN becomes null."""
    compared = () if answers.comparison is None else answers.comparison.differences
    return _text(
        {
            "scenario": answers.scenario.title,
            **answers.stamp,
            "estimates": _records(answers.estimates),
            "differences": _records(frame(compared)),
            "viability": _viability(answers),
            "repayment": _repayment(answers),
            "observed": _observed(answers),
            "comparison": _comparison(answers),
            "practice": _practice(answers),
            "practice_estimates": [] if answers.practice is None else _records(practice_frame(answers.practice.rows)),
            **_cash(answers),
            **({"cash_estimates": _records(cash_frame(_cash_rows(answers)))} if answers.cash else {}),
            **_security(answers),
            **_drivers(answers),
            **_variance_saved(answers),
            "cautions": cautions(answers.scenario),
        }
    )


def _records(rows: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): _finite(value) for key, value in row.items()} for row in rows.to_dict(orient="records")]


def _viability(answers: Answers) -> list[dict[str, Any]]:
    return [
        {
            "arrangement": curve.arrangement,
            "condition": curve.text,
            "smallest_panel": curve.smallest,
            "interval": [curve.low, curve.high],
            "interval_of": "simulation, 95%" if curve.exact is None else "inputs, one at a time",
            "searched": list(curve.searched),
            "exact": curve.exact is not None,
            "left_out_of_the_exact_law": list(curve.left_out),
            "inputs": [
                {"input": each.name, "lowest_and_highest": list(each.ends), "smallest_panel": list(each.sizes)}
                for each in (() if curve.exact is None else curve.exact.inputs)
            ],
            "curve": [
                {"panel_size": size, **_estimate(chance)}
                for size, chance in zip(curve.panel_sizes, curve.chances, strict=True)
            ],
        }
        for curve in answers.viability
    ]


def _repayment(answers: Answers) -> list[dict[str, Any]]:
    return [
        {
            "arrangement": answer.arrangement,
            "panel_size": answer.panel_size,
            "rule_amount": answer.rule.amount,
            "rule": answer.rule.branch,
            "confidence_of_rule": answer.rule.confidence,
            "enough_worst_year": _estimate(answer.enough_worst_year),
            "enough_agreement": _estimate(answer.enough_agreement),
            "needed": [
                {"confidence": confidence, "worst_year": _estimate(worst), "agreement": _estimate(total)}
                for confidence, worst, total in zip(
                    answer.confidences, answer.needed_worst_year, answer.needed_agreement, strict=True
                )
            ],
        }
        for answer in answers.repayment
    ]


def _observed(answers: Answers) -> list[dict[str, Any]]:
    return [
        {
            "arrangement": each.arrangement,
            "panel_size": each.panel_size,
            "performance_year": each.performance_year,
            **each.observed.model_dump(),
            "savings_rate": each.observed.savings_rate,
            "law_percentiles": [
                {"probability": probability, **_estimate(rate)}
                for probability, rate in zip(QUARTILES, each.percentiles, strict=True)
            ],
            "chance_at_or_below": _estimate(each.at_or_below),
            "sentence": each.sentence,
        }
        for each in answers.observed
    ]


def _variance_saved(answers: Answers) -> dict[str, Any]:
    """What controls saved; nothing where none were taken."""
    return {"variance_saved": [asdict(each) for each in answers.variance_saved]} if answers.variance_saved else {}


def _comparison(answers: Answers) -> dict[str, Any] | None:
    """Where arrangements break even and where they pay alike; nothing for a single arrangement."""
    found = answers.comparison
    if found is None:
        return None
    return {
        "against": found.against,
        "panel_size": found.panel_size,
        "true_savings_searched": [found.curves.savings[0], found.curves.savings[-1]],
        "break_even": [_break_even(each) for each in found.break_even],
        "break_even_by_rule": [
            {
                "arrangement": each.arrangement,
                "against": each.against,
                "years": {
                    str(year): [{"savings": rate, "pays_more_above": more} for rate, more in rates]
                    for year, rates in zip(each.years, each.by_year, strict=True)
                },
            }
            for each in found.by_rule
        ],
    }


def _break_even(found: BreakEven) -> dict[str, Any]:
    return {
        "arrangement": found.arrangement,
        "against": found.against,
        "crossings": [
            {"true_savings": _estimate(each.true_savings), "pays_more_above": each.upwards} for each in found.crossings
        ],
        "without_true_savings": _estimate(found.at_none),
        "at_most_true_savings": _estimate(found.at_most),
    }


def _practice(answers: Answers) -> dict[str, Any] | None:
    """The best tier of every size and what insulation costs; the estimates have a table of their own."""
    found = answers.practice
    if found is None:
        return None
    return {
        "pool": found.pool,
        "first_tier": found.first,
        "metrics": {name: {"unit": metric.unit, "meaning": metric.sentence} for name, metric in PRACTICE.items()},
        "best": [asdict(each) for each in found.best],
        "insulation": [
            {
                "arrangement": each.arrangement,
                "tier": each.tier,
                "people": each.people,
                **{name: _estimate(getattr(each, name)) for name in ("given_up", "avoided", "per_dollar")},
            }
            for each in found.insulation
        ],
    }


def _cash_rows(answers: Answers) -> list[CashRow]:
    return [row for each in answers.cash for row in each.rows]


def _cash(answers: Answers) -> dict[str, Any]:
    """Dates and the fan of cumulative cash of every payee; the estimates have a table of their own."""
    if not answers.cash:
        return {}
    told = [
        {
            "arrangement": each.arrangement,
            "tier": each.tier,
            "people": each.people,
            "physicians": each.physicians,
            "settled_in": [each.date(month) for month in each.settlement_months],
            "money_back_until": each.date(each.horizon_months),
            "cumulative": [
                {
                    "month": each.date(month),
                    **{f"{100 * b:g}%": _estimate(e) for b, e in zip(BANDS, edges, strict=True)},
                }
                for month, edges in each.fan
            ],
        }
        for each in answers.cash
    ]
    metrics = {name: {"unit": metric.unit, "meaning": metric.sentence} for name, metric in CASH.items()}
    return {"cash": {"metrics": metrics, "payees": told}}


def _security(answers: Answers) -> dict[str, Any]:
    """What to hold, by which means and at what yearly cost; nothing where the scenario does not ask."""
    return {"security": [_plain(asdict(each)) for each in answers.security]} if answers.security else {}


def _drivers(answers: Answers) -> dict[str, Any]:
    """Every input at its two ends and where it turns the verdict; nothing where nobody asked."""
    return {"drivers": [_plain(asdict(each)) for each in answers.drivers]} if answers.drivers else {}


def _plain(value: Any) -> Any:
    """A value as JSON has it: NaN and infinity become null wherever they stand."""
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, list | tuple) else _finite(value)


def _estimate(estimate: Estimate) -> dict[str, Any]:
    return {"value": _finite(estimate.value), "standard_error": _finite(estimate.standard_error)}


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not isfinite(value) else value


def _parquet(answers: Answers, rows: pd.DataFrame) -> bytes:
    """A table with the stamp in the file's own metadata, so that the table never loses its origin."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pandas(rows, preserve_index=False)
    stamp = {b"simdce": json.dumps(answers.stamp).encode()}
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), **stamp})
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=1, allow_nan=False)
