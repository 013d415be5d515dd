"""What a report calls an arrangement: the user's label or a short title, several of the same result said in one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from simdce import arrangements
from simdce.scenario import ArrangementChoice, Scenario

_SHORTER = (("GPDC and ACO REACH, ", "REACH "), (" track, Level", ""), ("MSSP ", ""))


def names(scenario: Scenario) -> dict[str, str]:
    """What every arrangement of the scenario is called, by its key; each name once."""
    found = {choice.key: _called(choice) for choice in scenario.arrangements}
    shared = [name for name in found.values() if list(found.values()).count(name) > 1]
    return {key: key if name in shared else name for key, name in found.items()}


def _called(choice: ArrangementChoice) -> str:
    if choice.label is not None:
        return choice.label
    title = arrangements.load(choice.name).title
    for long, short in _SHORTER:
        title = title.replace(long, short)
    return title.removesuffix(" track")


def together(names_alike: Sequence[str]) -> str:
    """Several names as one: "BASIC C, D, E; ENHANCED", the common words said once where only a letter differs."""
    stems: dict[str, list[str]] = {}
    for name in names_alike:
        stem, _, last = name.rpartition(" ")
        if stem and len(last) <= 2:
            stems.setdefault(stem, []).append(last)
        else:
            stems.setdefault(name, [])
    return "; ".join(f"{stem} {', '.join(ends)}" if ends else stem for stem, ends in stems.items())


def spoken(name: str) -> str:
    """A joint name inside a sentence: "BASIC C, D, E; ENHANCED" is "BASIC C, D, E or ENHANCED"."""
    parts = name.replace("; ", ", ").rpartition(", ")
    return f"{parts[0]} or {parts[2]}" if parts[0] else name


def listed(words: Iterable[str], last: str = "and") -> str:
    """Words as people list them: "a, b and c"."""
    found = list(words)
    return found[0] if len(found) == 1 else f"{', '.join(found[:-1])} {last} {found[-1]}" if found else ""
