"""What everybody may see: the profile page, its picture and its numbers."""
