"""What the server looks learners up in: the version's numbers once more, a record per learner."""
