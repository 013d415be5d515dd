"""Savings threshold (Physician Group Practice demonstration): share what lies beyond a threshold, remember losses."""
