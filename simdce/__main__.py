"""``python -m simdce`` is the command line."""

from simdce.cli import main

main()
