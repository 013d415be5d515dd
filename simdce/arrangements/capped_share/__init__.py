"""Capped share (Pioneer, Next Generation): the same share of savings and of losses, first dollar, within a cap."""
