"""Step 2: judge every row, and land a day of a stream as one file of the lake."""
