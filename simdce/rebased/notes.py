"""What a rebased result assumes, in sentences for whoever reads it."""

from __future__ import annotations

from simdce.rebased.lead import Rebased


def notes(found: Rebased, quality_score: float) -> tuple[str, ...]:
    """The assumptions behind a rebased file, those first that move most."""
    dropped = [each for each in found.parts if each.applied == "none"]
    unstated = sum(each.prior_savings is None for each in found.parts)
    told = [
        "History, trend, risk adjustment and cost are those CMS settled: baseline years are not moved to LEAD's, costs "
        "stay truncated, and LEAD's High Needs category, risk-score cap, stop-loss and capitation are left out",
        "An ACO is lower-spending where its published regional adjustment is above zero; LEAD may judge otherwise",
        "The regional difference is that adjustment over the weight of the ACO's agreement number; the weights are "
        "recalled, and count agreements where the rule counts agreements with a regional adjustment",
        "The published adjustment was capped by category; LEAD's lower cap is taken on the ACO's own mix of "
        "categories, small ones that CMS suppresses left out",
        f"{unstated:,} ACOs have no published prior savings adjustment, and get none",
        f"Every ACO comes from the Shared Savings Program, by whose cap its regional adjustment is held, and has a "
        f"quality score of {quality_score:g}",
    ]
    if dropped:
        told.append(
            f"{len(dropped):,} ACOs had an adjustment of zero or below that their rules drop; it still says where they "
            "stand"
        )
    return (*told, "LEAD's rules are read from secondary notes, not from CMS itself")
