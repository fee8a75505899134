"""Files and locks on a disk that others use too: put in place whole, with modes and owners."""
