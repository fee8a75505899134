"""What else a learner's profile shows, from the days of the same version (R27 to R30)."""
