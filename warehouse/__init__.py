"""What the pipeline and the server share: configuration, lake files, zones, the schema, versions.

No Dagster, no Flask, no SQLAlchemy here: everything in this room must import on a machine that only serves.
"""
