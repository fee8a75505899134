"""Running the job from our own command: in this process, recorded so that the UI shows it as one of its own."""
