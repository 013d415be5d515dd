"""Ratios, side by side in one run, and the batteries of tests of the random words. ``python -m benchmarks``."""
