"""Reconciling: the days whose sources no longer say what landed, and landing them again."""
