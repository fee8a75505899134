"""With `pulse.by_stream`: what of a UTC day's activity is of which stream (R31)."""
