"""What this machine has: memory that may still be used, and memory given back once it is free."""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress


def returned() -> None:
    """Give freed memory back to the system where the allocator would keep it (glibc); elsewhere nothing."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # another C library
            ctypes.CDLL(None).malloc_trim(0)
