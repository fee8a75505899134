"""Which activity is stale because a learner has another zone now."""
