"""The jobs that Dagster runs, when it runs them, and what becomes of runs that died."""
