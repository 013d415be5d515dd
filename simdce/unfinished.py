"""What an interrupted run leaves in its folder, so that the same command goes on from there: ``unfinished.npz``.

The simulated worlds as far as they are there, and the estimates of the panel sizes that were settled. It is taken up
only by a run that would come to the same bits: same scenario, cost files, program and libraries. Nothing in it is
executed; one that is damaged or belongs to another run is as good as none.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
import zipfile
import zlib
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter, ValidationError

from simdce.metrics import Estimate
from simdce.results import Difference, Row
from simdce.scenario import Scenario, ViabilityCondition
from simdce.studies.observed import Happened
from simdce.studies.repayment import RepaymentAnswer
from simdce.studies.security import SecurityAnswer
from simdce.totals import Totals

NAME = "unfinished.npz"
PACKAGE = Path(__file__).parent


@dataclass(frozen=True)
class AtSize:
    """Everything that is estimated from the worlds of one panel size; chances with their arrangement and condition."""

    rows: tuple[Row, ...]
    chances: tuple[tuple[str, ViabilityCondition, Estimate], ...]
    reserves: tuple[RepaymentAnswer, ...]
    happened: tuple[Happened, ...]
    differences: tuple[Difference, ...]
    secured: tuple[SecurityAnswer, ...]


@dataclass
class Begun:
    """A run under way: worlds, and panel sizes settled, in their order."""

    totals: Totals = field(default_factory=Totals)
    settled: list[AtSize] = field(default_factory=list)

    def text(self, scenario: Scenario) -> str:
        """How far it has come, in words; empty where nothing is done."""
        if not self.totals.done.any():
            return ""
        worlds = f"{100 * float(self.totals.done.mean()):.0f}% of the simulation"
        sizes = f" and {len(self.settled)} of {len(scenario.panel.sizes)} panel sizes settled" if self.settled else ""
        return f"{worlds} done{sizes}"


def taken_up(folder: Path, scenario: Scenario, *, controlled: bool) -> Begun:
    """What an earlier run of the same scenario left in the folder; nothing begun where there is none."""
    try:
        with (folder / NAME).open("rb") as file, np.load(file, allow_pickle=False) as found:
            if str(found["key"]) != _key(scenario, controlled):
                return Begun()
            names = [name for name in found.files if name.startswith("total_")]
            arrays = {name.removeprefix("total_"): found[name].swapaxes(0, 1) for name in names}
            settled = _written().validate_python(json.loads(bytes(found["settled"])))
            return Begun(Totals(arrays, found["done"]), settled)
    except (OSError, EOFError, KeyError, ValueError, ValidationError, zipfile.BadZipFile, zlib.error):
        return Begun()


def leave(folder: Path, scenario: Scenario, begun: Begun, *, controlled: bool) -> bool:
    """Keep what is done, whole or not at all; whether there was anything to keep and room for it."""
    totals = begun.totals
    if not totals.done.any():
        return False
    by_size: dict[str, Any] = {f"total_{name}": array.swapaxes(0, 1) for name, array in totals.arrays.items()}
    settled = json.dumps(_written().dump_python(begun.settled)).encode()
    with suppress(OSError):
        handle, name = tempfile.mkstemp(dir=folder, prefix=f".{NAME}.")
        try:
            with totals.writing, os.fdopen(handle, "wb") as file:
                np.savez(
                    file,
                    allow_pickle=False,
                    key=np.array(_key(scenario, controlled)),
                    done=totals.done,
                    settled=np.frombuffer(settled, np.uint8),
                    **by_size,
                )
            Path(name).replace(folder / NAME)
        finally:
            Path(name).unlink(missing_ok=True)
        return True
    return False


def forget(folder: Path) -> None:
    """The results are there: what was left of an interrupted run goes."""
    with suppress(OSError):
        (folder / NAME).unlink(missing_ok=True)


@cache
def _written() -> TypeAdapter[list[AtSize]]:
    return TypeAdapter(list[AtSize])


def _key(scenario: Scenario, controlled: bool) -> str:
    """A digest of all that the bits depend on."""
    made_of = [
        scenario.digest,
        repr(controlled),
        sys.version,
        *(version(name) for name in ("simdce", "numpy", "scipy")),
    ]
    found = hashlib.sha256(repr(made_of).encode())
    for path in sorted([*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.toml")]):
        found.update(hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()
