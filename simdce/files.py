"""Outputs are written whole or not at all: into a temporary neighbour first, then renamed into place."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from simdce.errors import InputError
from simdce.interrupts import interrupts_deferred


def writable_folder(path: Path) -> Path:
    """``path`` as a folder that exists and can be written to; raises InputError otherwise, before any work is lost."""
    if path.is_symlink() and not path.exists():
        raise InputError("is a link to nothing", where=str(path))
    if path.exists() and not path.is_dir():
        raise InputError("is a file, results need a folder", where=str(path))
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise InputError(f"cannot be written to: {error.strerror or error}", where=str(path)) from error
    return path


def refuse_odd_places(paths: Iterable[Path]) -> None:
    """Raises InputError where a result could not be written, so that no work is done in vain."""
    for path in paths:
        if path.is_symlink():
            raise InputError("is a link; results are not written through links", where=str(path))
        if path.is_dir():
            raise InputError("is a folder where a file belongs", where=str(path))


def refuse_to_replace(output: Path | None, inputs: Iterable[Path]) -> None:
    """Raises InputError where an output would replace one of the files it is made of, under whatever name."""
    if output is not None and output.exists() and any(each.exists() and output.samefile(each) for each in inputs):
        raise InputError("would replace the file that it is made of", where=str(output))


def write_whole(path: Path, content: bytes) -> None:
    """``content`` at ``path``: the old file or the whole new one, never a part. A link at ``path`` is refused."""
    write_all({path: content})


def write_all(contents: Mapping[Path, bytes]) -> None:
    """Several files: all are written beside their places before the first is renamed, in the order given."""
    staged: list[tuple[str, Path]] = []
    current = Path()
    try:
        refuse_odd_places(contents)
        for current, content in contents.items():
            handle, name = tempfile.mkstemp(dir=current.parent, prefix=f".{current.name}.")
            staged.append((name, current))
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(0o644)
        with interrupts_deferred():  # all or none
            for name, current in staged:
                Path(name).replace(current)
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror or error}", where=str(current)) from error
    finally:
        for name, _ in staged:
            Path(name).unlink(missing_ok=True)
