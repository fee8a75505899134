"""What watches the server: health, metrics, the beats of its workers."""
