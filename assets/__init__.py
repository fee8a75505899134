"""The steps of a night in the order of the data, a folder each; beside them erasing and reconciling.

A step's folder has its core in Python, its SQL, and an asset, its Dagster shell. Only the shells and
`assets/orchestration` import Dagster.
"""
