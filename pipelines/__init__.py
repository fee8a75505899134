"""What puts the assets together and runs them: definitions, job, schedule, the `pulse` command, the demo platform."""
