"""How good predicted faces are: truth in published layouts, counts, measures, intervals, tables, the worst pictures."""
