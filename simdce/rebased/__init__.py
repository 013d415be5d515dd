"""Published results of one programme under another's benchmark: what would LEAD have expected these ACOs to spend."""
