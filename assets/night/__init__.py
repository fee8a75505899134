"""What the steps of a night share: what is known of lake and warehouse, how far they are, and signals to stop."""
