"""Questions built from the rooms below: the law of the payment, viability by panel size, the repayment mechanism."""
