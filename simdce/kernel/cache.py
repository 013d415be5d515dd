"""Machine code of the kernel kept between processes: one private file a kernel, checked before anything is executed.

Reason: numba takes 3 s of processor time to be imported and compile six years, 16 s for 23 years, vectors 0.15 s; a
kept kernel needs llvmlite alone (0.03 s) and is named, checked, loaded and put to its self-test in 0.01 s.
Tests: tests/test_kernel_cache.py.

The name of a file is the digest of all that its code depends on: sources, years and measures, versions, settings of
numba, processor. Its content is a checksum of name and code, then the code; a file that does not pass is replaced as
if it had not been there, so that nothing stale or damaged ever runs. Whoever can write to the folder can have code
executed: a folder that belongs to somebody else, that others may write to, or that is a link or reached through one of
somebody else's, is left alone. Whatever the disk refuses costs time and raises no error.

The folder is ``SIMDCE_CACHE_DIR``, or ``simdce`` in ``XDG_CACHE_HOME`` or ``~/.cache``; where ``SIMDCE_CACHE_DIR`` is
empty or ``off``, and where owners cannot be asked for (Windows), nothing is kept.
"""

from __future__ import annotations

import hashlib
import os
import platform
import secrets
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path

from simdce.slot_law import layout

MOST_FILES = 32
"""Kernels kept, 7 to 200 kB each; the oldest make room."""

_SUFFIX = ".kernel"
_OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH


def name_of(years: int, measures: tuple[str, ...], processor: str) -> str:
    """The file of a kernel: a digest of everything that its machine code depends on."""
    from_numba = Path(".numba_config.yaml")
    found = [
        *(path.read_bytes() for path in sources()),
        *(f"{name} {version(name)}".encode() for name in ("numba", "llvmlite", "numpy")),
        sys.version.encode(),
        platform.platform().encode(),
        processor.encode(),
        repr(sorted(item for item in os.environ.items() if item[0].startswith("NUMBA_"))).encode(),
        from_numba.read_bytes() if from_numba.is_file() else b"",
        repr((years, measures)).encode(),
    ]
    return hashlib.sha256(b"".join(hashlib.sha256(each).digest() for each in found)).hexdigest() + _SUFFIX


def sources() -> list[Path]:
    """The files that machine code is made from."""
    return [*sorted(Path(__file__).parent.glob("*.py")), Path(layout.__file__)]


def kept(name: str) -> bytes | None:
    """The code kept under a name, None where there is none that can be trusted."""
    with suppress(OSError), _folder() as folder:
        if folder is None:
            return None
        with open(os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder), "rb") as file:
            found = os.fstat(file.fileno())
            content = file.read() if stat.S_ISREG(found.st_mode) and _is_ours(found) else b""
        checksum, code = content[:32], content[32:]
        return code if checksum == _checksum(name, code) else None
    return None


def keep(name: str, code: bytes) -> None:
    """Put code under a name, whole or not at all, and remove the oldest of too many."""
    with suppress(OSError), _folder(make=True) as folder:
        if folder is None:
            return
        written = f"{secrets.token_hex(8)}.new"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        try:
            with open(os.open(written, flags, 0o600, dir_fd=folder), "wb") as file:
                file.write(_checksum(name, code) + code)
            os.replace(written, name, src_dir_fd=folder, dst_dir_fd=folder)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(written, dir_fd=folder)
        _remove_the_oldest(folder)


def place() -> Path | None:
    """Where kernels are kept, None where they are not."""
    chosen = os.environ.get("SIMDCE_CACHE_DIR")
    if chosen in ("", "off") or not hasattr(os, "geteuid"):
        return None
    if chosen is not None:
        return Path(chosen).absolute()
    caches = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if not caches.is_absolute():
        home = Path(os.path.expanduser("~"))
        if not home.is_absolute() or home.stat().st_uid != os.geteuid():  # under sudo: not ours to fill
            return None
        caches = home / ".cache"
    return caches / "simdce"


@contextmanager
def _folder(*, make: bool = False) -> Iterator[int | None]:
    """The folder, opened once and judged as it was opened; None where it must not be used."""
    path = place()
    if path is None or any(_is_foreign_link(each) for each in path.parents):
        yield None
        return
    if make:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(mode=0o700, exist_ok=True)
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        yield folder if _is_ours(os.fstat(folder)) else None
    finally:
        os.close(folder)


def _is_ours(found: os.stat_result) -> bool:
    return found.st_uid == os.geteuid() and not found.st_mode & _OTHERS_MAY_WRITE


def _is_foreign_link(path: Path) -> bool:
    """A link that neither we nor the system made."""
    return path.is_symlink() and path.lstat().st_uid not in (0, os.geteuid())


def _checksum(name: str, code: bytes) -> bytes:
    return hashlib.sha256(name.encode() + code).digest()


def _remove_the_oldest(folder: int) -> None:
    """Of kernels, and of files that a killed process left half written."""
    ages = {name: os.stat(name, dir_fd=folder, follow_symlinks=False).st_mtime for name in os.listdir(folder)}
    ours = sorted((age, name) for name, age in ages.items() if name.endswith((_SUFFIX, ".new")))
    for _, name in ours[:-MOST_FILES]:
        os.unlink(name, dir_fd=folder)
