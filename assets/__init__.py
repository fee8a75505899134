"""The steps of a night, a folder each, in the order in which the data take them; erasing and reconciling beside them.

A step's folder has its core in Python, its SQL, and an asset, its Dagster shell. Only the shells and
`assets/orchestration` import Dagster.
"""
