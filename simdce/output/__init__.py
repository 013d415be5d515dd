"""What a run leaves behind: one JSON document, a Parquet table, a record that reproduces it, and the report."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from simdce.assumptions import cautions
from simdce.files import write_all
from simdce.output import answered
from simdce.output.parquet import parquet
from simdce.results import DIFFERENCES, METRICS, columns
from simdce.run import Answers
from simdce.studies.tornadoes import driver_rows

FILES = (
    "results.parquet",
    "comparison.parquet",
    "practice.parquet",
    "cash.parquet",
    "growth.parquet",
    "drivers.parquet",
    "report.html",
    "run.json",
)
"""What ``save`` may write."""


def save(answers: Answers, folder: Path, page: Callable[[], str] | None = None) -> list[Path]:
    """Write results.parquet, report.html and, last, run.json with the digests of the others; returns the paths.

    Where arrangements are compared, comparison.parquet stands between the first two; so do practice.parquet where the
    scenario has a practice, cash.parquet where it has a cash table, growth.parquet where it has growth, and
    drivers.parquet where they were asked for. ``page`` gives the report, where it is being written beside.
    """
    contents = {folder / "results.parquet": _parquet(answers, answers.rows)}
    if answers.comparison is not None:
        contents[folder / "comparison.parquet"] = _parquet(answers, answers.comparison.differences)
    if answers.practice is not None:
        contents[folder / "practice.parquet"] = _parquet(answers, answers.practice.rows)
    if answers.cash:
        contents[folder / "cash.parquet"] = _parquet(answers, answered.cash_rows(answers))
    if answers.growth is not None:
        contents[folder / "growth.parquet"] = _parquet(answers, answers.growth.rows)
    if answers.drivers:
        contents[folder / "drivers.parquet"] = _parquet(answers, driver_rows(answers.drivers))
    contents[folder / "report.html"] = (_report(answers) if page is None else page()).encode()
    digests = {path.name: hashlib.sha256(content).hexdigest() for path, content in contents.items()}
    contents[folder / "run.json"] = _text({**run_record(answers), "files": digests}).encode()
    write_all(contents)
    return list(contents)


def _report(answers: Answers) -> str:
    from simdce.report import report_page

    return report_page(answers)


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
        "viability": answered.viability(answers),
        "repayment": answered.repayment(answers),
        "observed": answered.observed(answers),
        "comparison": answered.comparison(answers),
        "practice": answered.practice(answers),
        **answered.cash(answers),
        **answered.security(answers),
        **answered.growth(answers),
        **answered.drivers(answers),
        **answered.variance_saved(answers),
    }


def json_document(answers: Answers) -> str:
    """``run --json``: scenario, digest of the simulated totals, tables, answers to the questions; NaN becomes null."""
    compared = () if answers.comparison is None else answers.comparison.differences
    return _text(
        {
            "scenario": answers.scenario.title,
            **answers.stamp,
            "estimates": answered.records(answers.rows),
            "differences": answered.records(compared),
            "viability": answered.viability(answers),
            "repayment": answered.repayment(answers),
            "observed": answered.observed(answers),
            "comparison": answered.comparison(answers),
            "practice": answered.practice(answers),
            "practice_estimates": answered.records(() if answers.practice is None else answers.practice.rows),
            **answered.cash(answers),
            **({"cash_estimates": answered.records(answered.cash_rows(answers))} if answers.cash else {}),
            **answered.security(answers),
            **answered.growth(answers, estimates=True),
            **answered.drivers(answers),
            **answered.variance_saved(answers),
            "cautions": cautions(answers.scenario),
        }
    )


def _parquet(answers: Answers, rows: Sequence[Any]) -> bytes:
    return parquet(columns(rows), answers.stamp)


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=1, allow_nan=False)
