"""Where rows come from: how a URL is read, which driver it needs, what a session sets, and patterns of files."""
