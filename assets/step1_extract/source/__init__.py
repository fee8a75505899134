"""A source that is connected to: its session, its thread, one snapshot of it, its clock, and what its failures mean."""
