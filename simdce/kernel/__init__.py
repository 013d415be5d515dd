"""Every compiled function, and nothing else; no other room imports numba.

:func:`simdce.worlds.simulate` (public) calls :func:`simdce.kernel.machine_code.simulate_worlds`, which takes machine
code of an earlier process (``cache.py``, without numba) or compiles ``panel.py``: the driver over worlds and segments
of slots, and one block of slots through all years, built from :func:`simdce.kernel.person_year.person_year`, the page
people read. Everything runs unchanged, slowly, with ``NUMBA_DISABLE_JIT=1``.
"""
