"""Learners who have been erased: the list, the receipts, and what the list is compared with."""
