"""What a version says otherwise than the one before, and why."""
