"""Every compiled function, and nothing else; no other room imports numba or llvmlite.

:func:`simdce.worlds.simulate` (public) calls :func:`simdce.kernel.machine_code.kernel`, which takes machine code of an
earlier process (``cache.py``) or makes it: of ``vector.py``, explicit vector instructions, where they pass
``self_test.py``; else, with numba, of ``panel.py``: the driver over worlds and segments of slots, and a block of slots
through all years. Both stand for :func:`simdce.kernel.person_year.person_year`, the page people read, which also takes
NumPy arrays. Everything runs unchanged, slowly, with ``NUMBA_DISABLE_JIT=1``; ``SIMDCE_KERNEL="plain loop"`` does
without vectors. The bits are the same whatever runs.
"""
