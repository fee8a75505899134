"""Dagster's own surroundings: its home, its log of events, its history, its webserver behind the guard."""
