"""What a version has to say of its sources that stops nothing."""
