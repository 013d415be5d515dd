"""What a run leaves behind: one JSON document, a Parquet table, a record that reproduces it, and the report."""

from __future__ import annotations

import hashlib
import io
import json
from math import isfinite
from pathlib import Path
from typing import Any

from simdce.assumptions import cautions
from simdce.files import write_all
from simdce.metrics import Estimate
from simdce.results import METRICS
from simdce.run import Answers
from simdce.studies.observed import PERCENTILES


def save(answers: Answers, folder: Path) -> list[Path]:
    """Write results.parquet, report.html and, last, run.json with the digests of both; returns the paths."""
    from simdce.report import report_page

    contents = {
        folder / "results.parquet": _parquet(answers),
        folder / "report.html": report_page(answers).encode(),
    }
    digests = {path.name: hashlib.sha256(content).hexdigest() for path, content in contents.items()}
    contents[folder / "run.json"] = _text({**run_record(answers), "files": digests}).encode()
    write_all(contents)
    return list(contents)


def run_record(answers: Answers) -> dict[str, Any]:
    """The run without its estimates: stamp, scenario as validated, cautions, metrics' meaning, viability, repayment."""
    return {
        **answers.stamp,
        "scenario": answers.scenario.model_dump(mode="json"),
        "cautions": cautions(answers.scenario),
        "metrics": {name: {"unit": metric.unit, "meaning": metric.sentence} for name, metric in METRICS.items()},
        "viability": _viability(answers),
        "repayment": _repayment(answers),
        "observed": _observed(answers),
    }


def json_document(answers: Answers) -> str:
    """``run --json``: scenario, digest of the simulated totals, estimates, viability, repayment; NaN becomes null."""
    estimates = answers.estimates.to_dict(orient="records")
    return _text(
        {
            "scenario": answers.scenario.title,
            **answers.stamp,
            "estimates": [{key: _finite(value) for key, value in row.items()} for row in estimates],
            "viability": _viability(answers),
            "repayment": _repayment(answers),
            "observed": _observed(answers),
            "cautions": cautions(answers.scenario),
        }
    )


def _viability(answers: Answers) -> list[dict[str, Any]]:
    return [
        {
            "arrangement": curve.arrangement,
            "condition": curve.text,
            "smallest_panel": curve.smallest,
            "interval": [curve.low, curve.high],
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
                for probability, rate in zip(PERCENTILES, each.percentiles, strict=True)
            ],
            "chance_at_or_below": _estimate(each.at_or_below),
            "sentence": each.sentence,
        }
        for each in answers.observed
    ]


def _estimate(estimate: Estimate) -> dict[str, Any]:
    return {"value": _finite(estimate.value), "standard_error": _finite(estimate.standard_error)}


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not isfinite(value) else value


def _parquet(answers: Answers) -> bytes:
    """The estimates with the stamp in the file's own metadata, so that the table never loses its origin."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pandas(answers.estimates, preserve_index=False)
    stamp = {b"simdce": json.dumps(answers.stamp).encode()}
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), **stamp})
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=1, allow_nan=False)
