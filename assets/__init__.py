"""The steps of the way, one per file, in the order in which the data take them.

A step is its core in Python, its SQL beside it, and its Dagster shell, whose name ends with `_asset`. Only the shells,
`keys.py`, `partitions.py`, `resources.py` and `retries.py` import Dagster.
"""
