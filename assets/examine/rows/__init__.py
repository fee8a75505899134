"""Of `pulse check`: the rows of streams, read and judged as a night does."""
