"""Figures: one function each, a table or arrays in, matplotlib Axes out.

Every function draws on the ``ax`` it is given or on a new figure of its own (``ax.figure`` shows it in a notebook), and
never touches pyplot's state. Colour is never the only carrier: shapes, line styles and direct labels say the same.
"""

from simdce.plots.by_size import chances_by_panel_size
from simdce.plots.cash import cash_over_time
from simdce.plots.comparison import difference_by_true_savings, net_by_true_savings
from simdce.plots.drivers import tornado
from simdce.plots.payment import payment_laws
from simdce.plots.repayment import repayment_by_confidence
from simdce.plots.savings_rate import savings_rate_law
from simdce.plots.style import new_figure, svg
from simdce.plots.variance import variance_by_panel_size
from simdce.plots.viability import chance_by_panel_size

__all__ = [
    "cash_over_time",
    "chance_by_panel_size",
    "chances_by_panel_size",
    "difference_by_true_savings",
    "net_by_true_savings",
    "new_figure",
    "payment_laws",
    "repayment_by_confidence",
    "savings_rate_law",
    "svg",
    "tornado",
    "variance_by_panel_size",
]
