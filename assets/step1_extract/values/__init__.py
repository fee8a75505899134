"""What a driver's values mean: of a role that is mapped by a name, and of one that is mapped by a table."""
