"""Copies of what is published: for servers on other machines, in which order, and as Parquet for other tools."""
