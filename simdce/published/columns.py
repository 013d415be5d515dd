"""What CMS calls each quantity from year to year: one list of headings a quantity, read without case and signs.

Headings are from the public-use files and their data dictionaries; where a file has several, the first listed counts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

SHARED_SAVINGS: Mapping[str, tuple[str, ...]] = {
    "aco": ("ACO_ID", "ACO_Num", "ACO Number", "ACO Name", "ACO Name (LBN or DBA, if applicable)"),
    "year": ("performance_year", "perf_year", "year", "PY"),
    "name": ("ACO_Name", "ACO Name (LBN or DBA, if applicable)"),
    "track": ("track", "Current_Track"),
    "agreement_number": ("agreement_period", "Agreement_Period_Num"),
    "historical_benchmark": ("historical_benchmark_per_capita", "HistBnchmk"),
    "updated_benchmark": ("updated_benchmark_per_capita", "UpdatedBnchmk"),
    "agreement_start": ("agreement_start_date", "Current_Start_Date", "Start_Date", "Agreement Start Date"),
    "assigned_beneficiaries": ("assigned_beneficiaries", "N_AB", "Total Assigned Beneficiaries"),
    "benchmark": ("benchmark", "ABtotBnchmk", "Total Benchmark Expenditures", "Total Benchmark"),
    "expenditure": ("expenditure", "ABtotExp", "Total Expenditures", "Total Assigned Beneficiary Expenditures"),
    "savings": (
        "benchmark_minus_expenditure",
        "BnchmkMinExp",
        "Total Benchmark Expenditures Minus Total Assigned Beneficiary Expenditures",
        "Benchmark Minus Expenditures",
    ),
    "minimum_savings_rate": ("minimum_savings_rate", "MinSavPerc", "Minimum Savings Rate (%)", "MSR"),
    "final_sharing_rate": ("final_sharing_rate", "FinalShareRate", "Final Sharing Rate"),
    "final_loss_rate": ("final_loss_rate", "FinalLossRate", "Final Loss Rate"),
    "quality_score": ("quality_score", "QualScore", "Quality Score", "Overall Quality Score"),
    "quality_met": ("met_quality_standard", "Met_QPS", "Successfully Reported Quality"),
    "quality_alternative": ("Met_AltQPS",),
    "person_years": ("person_years", "N_AB_Year_PY", "N_AB_Year"),
    "per_capita_expenditure": ("per_capita_expenditure", "Per_Capita_Exp_TOTAL_PY"),
    "disaster_adjustment": ("disaster_adjustment", "DisAdj"),
    "revenue": ("revenue_category", "Rev_Exp_Cat"),
    "guardrail": ("guardrail",),
    "advance_recouped": ("advance_investment_recouped", "AIPRecoup", "Adv_Pay_Recoup"),
    "payment": (
        "earned_savings_loss",
        "EarnSaveLoss",
        "Earned Shared Savings Payments/Owe Losses",
        "Earned Shared Savings Payments",
    ),
}

PERIODS = ("BY1", "BY2", "BY3", "PY")
"""Baseline years, oldest first, and the performance year."""

_CATEGORIES = {
    "esrd": ("ESRD", "ESRD"),
    "disabled": ("DIS", "DIS"),
    "aged_dual": ("AGDU", "AGED_Dual"),
    "aged_non_dual": ("AGND", "AGED_NonDual"),
}
"""What headings call each entitlement category: of dollars and risk scores, and of person-years."""

BY_CATEGORY: Mapping[str, tuple[str, ...]] = {
    **{
        f"{quantity}.{category}.{period}": (f"{heading}_{short}_{period}",)
        for quantity, heading in (("per_capita", "Per_Capita_Exp_ALL"), ("risk_score", "CMS_HCC_RiskScore"))
        for category, (short, _) in _CATEGORIES.items()
        for period in PERIODS
    },
    **{
        f"person_years.{category}.{period}": (f"N_AB_Year_{long}_{period}",)
        for category, (_, long) in _CATEGORIES.items()
        for period in PERIODS[-2:]
    },
}
"""What Shared Savings Program files give by entitlement category; person-years of the last baseline year and after."""

RISK_CORRIDORS: Mapping[str, tuple[str, ...]] = {
    "aco": ("aco_id", "dce_id", "entity_id"),
    "year": ("perf_year", "performance_year", "year", "PY"),
    "track": ("risk_arrangement", "risk_arrangmt", "risk_option"),
    "assigned_beneficiaries": ("bene_cnt",),
    "expenditure": ("tot_cost_care_net",),
    "savings": ("gross_savings",),
    "payment": ("shared_savings_seq",),
}

RATES = ("minimum_savings_rate", "final_sharing_rate", "final_loss_rate", "quality_score")
LARGEST_FRACTION: Mapping[str, float] = {
    # far above any rate CMS prints (25.42% for an ACO of 152 people), far below the smallest percentage it would be
    "minimum_savings_rate": 0.3,
    "final_sharing_rate": 1.0,
    "final_loss_rate": 1.0,
    "quality_score": 1.0,
}
"""A column of bare numbers, none above one, is in fractions; a fraction beyond this was a percentage after all."""

_TRACKS = {
    "1": "mssp_track_1",
    "1plus": "mssp_track_1_plus",
    "2": "mssp_track_2",
    "3": "mssp_track_3",
    **{level: f"mssp_basic_{level}" for level in "abcde"},
    "en": "mssp_enhanced",
    "enhanced": "mssp_enhanced",
}
_TRACK = re.compile(rf"(?:current|track|basic|level|t)*({'|'.join(sorted(_TRACKS, key=len, reverse=True))})")
_OPTIONS = {"global": "reach_global", "professional": "reach_professional"}
_FLAG = re.compile(r"(?:current)?(?:track|basic|level)")


def plain(heading: str) -> str:
    """A heading without case, blanks and signs, footnote marks included; a plus is a word."""
    return re.sub(r"[^a-z0-9]", "", heading.lower().replace("+", "plus"))


def located(headings: Sequence[str], wanted: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    """The column of each quantity that the headings hold."""
    places = {plain(heading): place for place, heading in enumerate(headings)}
    found = {
        quantity: next((places[plain(name)] for name in aliases if plain(name) in places), None)
        for quantity, aliases in wanted.items()
    }
    return {quantity: place for quantity, place in found.items() if place is not None}


def track_flags(headings: Sequence[str]) -> dict[int, str]:
    """Columns that say with a 1 that the ACO is in the arrangement named, where a file has one column a track."""
    flags = {}
    for place, heading in enumerate(headings):
        name = plain(heading)
        arrangement = arrangement_of(name) if _FLAG.match(name) else None
        if arrangement is not None:
            flags[place] = arrangement
    return flags


def arrangement_of(written: str) -> str | None:
    """The arrangement that a track, level or risk option names, or None."""
    name = plain(written)
    if name in _OPTIONS:
        return _OPTIONS[name]
    match = _TRACK.fullmatch(name)
    return _TRACKS[match[1]] if match else None
