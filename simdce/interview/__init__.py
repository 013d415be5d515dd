"""About ten plain questions that lead to a scenario, and back from the scenario to its answers."""
