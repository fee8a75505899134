"""Credentials: signed tokens, key sets and API keys."""
