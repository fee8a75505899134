"""Before the first step: which days a run extracts, and what a clock that was ahead has left behind."""
