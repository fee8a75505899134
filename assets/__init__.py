"""The steps of the way, one per file, in the order in which the data take them.

A step is its core (`stepN_x.py`), its SQL beside it (`.sql`) and its Dagster shell (`stepN_x_asset.py`). Only the
shells, `partitions.py` and `resources.py` import Dagster.
"""
