"""Step 4: roll the landings of a UTC day up, per learner and local date."""
