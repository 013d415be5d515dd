"""What CMS calls each quantity from year to year: one list of headings a quantity, read without case and signs.

Headings are from the public-use files and their data dictionaries; where a file has several, the first listed counts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

SHARED_SAVINGS: Mapping[str, tuple[str, ...]] = {
    "aco": (
        "ACO_ID",
        "ACO_Num",
        "ACO Number",
        "ACO Identifier",
        "ACO Name",
        "ACO Name (LBN or DBA, if applicable)",
        "ACO Doing Business As (DBA) or Legal Business Name (LBN)",
    ),
    "year": ("performance_year", "perf_year", "year", "PY"),
    "name": ("ACO_Name", "ACO Name (LBN or DBA, if applicable)"),
    "track": ("track", "Current_Track"),
    "agreement_number": ("agreement_period", "Agreement_Period_Num"),
    "historical_benchmark": ("historical_benchmark_per_capita", "HistBnchmk"),
    "updated_benchmark": ("updated_benchmark_per_capita", "UpdatedBnchmk"),
    "agreement_start": ("agreement_start_date", "Current_Start_Date", "Start_Date", "Agreement Start Date"),
    "assigned_beneficiaries": (
        "assigned_beneficiaries",
        "N_AB",
        "Total Assigned Beneficiaries",
        "Total number of assigned beneficiaries",
    ),
    "benchmark": ("benchmark", "ABtotBnchmk", "Total Benchmark Expenditures", "Total Benchmark"),
    "expenditure": ("expenditure", "ABtotExp", "Total Expenditures", "Total Assigned Beneficiary Expenditures"),
    "savings": (
        "benchmark_minus_expenditure",
        "BnchmkMinExp",
        "Total Benchmark Expenditures Minus Total Assigned Beneficiary Expenditures",
        "Total Benchmark Minus Assigned Beneficiary Expenditures",
        "Benchmark Minus Expenditures",
        "Total savings/losses",
    ),
    "minimum_savings_rate": ("minimum_savings_rate", "MinSavPerc", "Minimum Savings Rate (%)", "MSR"),
    "final_sharing_rate": ("final_sharing_rate", "FinalShareRate", "Final Sharing Rate"),
    "final_loss_rate": ("final_loss_rate", "FinalLossRate", "Final Loss Rate"),
    "quality_score": ("quality_score", "QualScore", "Quality Score", "Overall Quality Score"),
    "quality_met": (
        "met_quality_standard",
        "Met_QPS",
        "Successfully Reported Quality",
        "Met the Quality Performance Standard",
    ),
    "quality_alternative": ("Met_AltQPS",),
    "person_years": ("person_years", "N_AB_Year_PY", "N_AB_Year", "Total assigned beneficiary person years"),
    "per_capita_expenditure": ("per_capita_expenditure", "Per_Capita_Exp_TOTAL_PY"),
    "disaster_adjustment": ("disaster_adjustment", "DisAdj"),
    "revenue": ("revenue_category", "Rev_Exp_Cat"),
    "guardrail": ("guardrail",),
    "advance_recouped": ("advance_investment_recouped", "AIPRecoup", "Adv_Pay_Recoup"),
    "payment": ("earned_savings_loss", "EarnSaveLoss"),
    "earned": (
        "EarnShrSavings",
        "Earned Shared Savings Payments/Owe Losses",
        "Earned Shared Savings Payments",
        "Shared Savings",
    ),
    "owed": ("OweLosses", "Shared Losses"),
}
"""Without a payment column, that of earned savings says it, less losses owed: blank there where there are none."""

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
    "assigned_beneficiaries": ("bene_cnt", "aligned_beneficiaries"),
    "expenditure": ("tot_cost_care_net",),
    "savings": ("gross_savings",),
    "payment": ("shared_savings_seq",),
}

ADJUSTMENTS: Mapping[str, tuple[str, ...]] = {
    "regional_adjustment": ("RegAdj",),
    "prior_savings_adjustment": ("PriorSavAdj",),
    "adjustment_applied": ("FinalAdjCat",),
}
"""What was added to the historical benchmark, in the public-use files of the Shared Savings Program from 2024."""

RATES = ("minimum_savings_rate", "final_sharing_rate", "final_loss_rate", "quality_score")
LARGEST_FRACTION: Mapping[str, float] = {
    # far above any rate CMS prints (25.42% for an ACO of 152 people), far below the smallest percentage it would be
    "minimum_savings_rate": 0.3,
    "final_sharing_rate": 1.0,
    "final_loss_rate": 1.0,
    "quality_score": 1.0,
}
"""No rate of a column in fractions is larger than this, none in percent as small, noughts aside."""

_TRACKS = {
    "1": "mssp_track_1",
    "1plus": "mssp_track_1_plus",
    "2": "mssp_track_2",
    "3": "mssp_track_3",
    **{level: f"mssp_basic_{level}" for level in "abcde"},
    "en": "mssp_enhanced",
    "enhanced": "mssp_enhanced",
}
_TRACK = re.compile(rf"(?:current|track|basic|level|t)*({'|'.join(sorted(_TRACKS, key=len, reverse=True))})(?:aco)?")
_OPTIONS = {"global": "reach_global", "professional": "reach_professional"}
_FLAG = re.compile(r"(?:current)?(?:track|basic|level|enhanced)")
_FOOTNOTES = re.compile(r"\d+$")
ONLY_FLAG = {"mssp_track_2": "mssp_track_1"}
"""The first file has one flag, for the second of two tracks: where it is nought, the ACO was in the first."""


def plain(heading: str) -> str:
    """A heading without case, blanks and signs, footnote marks included; a plus is a word."""
    return re.sub(r"[^a-z0-9]", "", heading.lower().replace("+", "plus"))


def located(headings: Sequence[str], wanted: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    """The column of each quantity that the headings hold, with or without the numbers of footnotes."""
    places = {plain(heading): place for place, heading in enumerate(headings)}
    # only headings in words have footnotes: the number of a variable, such as Track_1, is part of its name
    unmarked = {_FOOTNOTES.sub("", plain(heading)): place for place, heading in enumerate(headings) if " " in heading}
    found = {}
    for quantity, aliases in wanted.items():
        names = [plain(name) for name in aliases]
        place = next((places[name] for name in names if name in places), None)
        worded = [plain(name) for name in aliases if " " in name]
        place = next((unmarked[name] for name in worded if name in unmarked), None) if place is None else place
        if place is not None:
            found[quantity] = place
    return found


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
