"""Whom nobody may see any more: the list, the receipts, and what the list is compared with."""
