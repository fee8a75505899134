"""What the steps of a night share: the state of lake and warehouse, progress, and signals to stop."""
