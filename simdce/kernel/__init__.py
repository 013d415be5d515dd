"""Every compiled function, and nothing else; no other room imports numba.

Three storeys: :func:`simdce.worlds.simulate` (public) calls :func:`simdce.kernel.panel.simulate_worlds` (driver over
worlds and segments of slots), which calls one block of slots through all years, built from
:func:`simdce.kernel.person_year.person_year`, the page people read. Everything runs unchanged, slowly, with
``NUMBA_DISABLE_JIT=1``.
"""
