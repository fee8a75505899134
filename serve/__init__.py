"""The Flask app: read the published version, authenticate, answer. No Dagster and no pandas in this room."""
