"""Results that CMS published: read as they stand, recomputed from the rules, and judged row by row."""
