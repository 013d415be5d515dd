"""The one error a user's input can raise: where it stands, what it says, what is allowed, what was probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class InputError(ValueError):
    """Bad input, told in one line that names the place (file, key or row), the value and what is allowed.

    The command line prints it without a traceback and exits with code 2.
    """

    def __init__(
        self,
        problem: str,
        *,
        where: str = "",
        key: str = "",
        value: object = None,
        allowed: str = "",
        nearest: str | None = None,
    ) -> None:
        self.problem, self.where, self.key, self.value = problem, where, key, value
        self.allowed, self.nearest = allowed, nearest
        text = ": ".join(_on_one_line(part) for part in (where, key, problem) if part)
        if value is not None:
            text += f" (got {shown(value)})"
        if allowed:
            text += f"; allowed: {_on_one_line(allowed)}"
        if nearest:
            text += f"; did you mean '{_on_one_line(nearest)}'?"
        super().__init__(text)

    def within(self, where: str, key: str = "") -> InputError:
        """The same complaint, told from outside: the file it stands in, and the key that leads to it."""
        return InputError(
            self.problem,
            where=": ".join(part for part in (where, self.where) if part),
            key=".".join(part for part in (key, self.key) if part),
            value=self.value,
            allowed=self.allowed,
            nearest=self.nearest,
        )


def shown(value: object, limit: int = 60) -> str:
    """A value as it may appear in a message: on one line, at most ``limit`` characters."""
    try:
        return _on_one_line(repr(value), limit)
    except (RecursionError, ValueError):  # nested too deep, or a whole number of thousands of digits
        return f"a very long {type(value).__name__}"


def _on_one_line(text: str, limit: int = 300) -> str:
    """``text`` without line breaks and without characters that a terminal would act on."""
    text = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


def nearest_name(name: str, names: Iterable[str]) -> str | None:
    """The most similar of ``names``, or None when nothing is close."""
    found = difflib.get_close_matches(name[:100].lower(), list(names), n=1, cutoff=0.5)
    return found[0] if found else None
