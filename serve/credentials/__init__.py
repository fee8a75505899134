"""Who asks: signed tokens, key sets and API keys."""
