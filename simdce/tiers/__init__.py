"""Tiers: what a practice signs with its ACO or DCE, one TOML file each; how CMS's payment is divided under them.

There is no registry but the folder: a file ``<name>.toml`` is a tier, ``_terms.toml`` holds the neutral value of every
term, which a tier replaces by its own.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from types import MappingProxyType

from simdce.errors import InputError, nearest_name
from simdce.sourced import read_terms, read_toml
from simdce.tiers.tier import LIMITS, Tier

__all__ = ["Tier", "load", "names"]

_ROOM = Path(__file__).parent
_NEUTRAL = "_terms.toml"
_HEADER = ("title", "summary")


def names() -> tuple[str, ...]:
    """Every tier there is, in alphabetical order."""
    return tuple(sorted(path.stem for path in _ROOM.glob("[!_]*.toml")))


@cache
def load(name: str) -> Tier:
    """The tier of that name; raises InputError with the nearest name when there is none."""
    if name not in names():
        raise InputError("no such tier", value=name, allowed=", ".join(names()), nearest=nearest_name(name, names()))
    where = f"{name}.toml"
    written = read_toml(_ROOM / where)
    for key in _HEADER:
        if not isinstance(written.get(key), str):
            raise InputError("missing, or no text", where=where, key=key)
    neutral = read_terms(read_toml(_ROOM / _NEUTRAL)["terms"], _NEUTRAL)
    own = read_terms(written.get("terms", {}), where)
    for key in (*(set(written) - {*_HEADER, "terms"}), *(set(own) - set(neutral) - set(LIMITS))):
        raise InputError("unknown key", where=where, key=key, nearest=nearest_name(key, {*neutral, *LIMITS}))
    return Tier(name, written["title"], written["summary"], MappingProxyType({**neutral, **own}))
