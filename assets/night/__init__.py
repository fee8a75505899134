"""A night: the seven steps in their order, once, for everything that runs them."""
