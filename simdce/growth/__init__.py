"""Paths of the panel: how many people each world has in each year under a plan, and what the contract pays for them."""
