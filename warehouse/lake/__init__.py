"""The lake: landings, learners, activity, and the proofs of what was compared."""
