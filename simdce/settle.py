from simdce.settlements import *  # noqa
from simdce.settlements import SAVINGS_KNOWN, Experience, counts_truncated, experience, outcome_of, settle  # noqa
