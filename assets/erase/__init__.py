"""Erasing a learner: list, lake, versions, and the receipt."""
