"""Shared savings (Medicare Shared Savings Program): a gate, then a share from the first dollar, up to a limit."""
