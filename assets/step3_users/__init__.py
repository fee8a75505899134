"""Step 3: land the learners whole, with their zones from day to day and their public profiles."""
