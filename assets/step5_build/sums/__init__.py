"""What activity holds in sums, by UTC day: counted in full, or where something has changed."""
