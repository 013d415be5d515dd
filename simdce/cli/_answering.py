"""A scenario simulated and answered on one page, with a progress bar where somebody watches."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simdce.scenario import Scenario


def answered(scenario: Scenario, path: Path, people: int | None = None, threads: int | None = None) -> str:
    """The page written to ``path``, its headline returned; raises InputError where the scenario or path is at fault."""
    from simdce.cli.run import progress_bar
    from simdce.interrupts import interrupts_deferred

    with interrupts_deferred():  # while extension modules load, some swallow it
        from simdce.deciding import findings, page_of, write_answer
        from simdce.worlds import simulate

    with progress_bar(quiet=False) as progress:
        panels = simulate(
            scenario, threads=threads, progress=None if progress is None else lambda share: progress("worlds", share)
        )
        found = findings(scenario, panels, people)
    write_answer(found, path)
    page = page_of(found)
    return f"{page.headline} {page.reason}"
