"""What Dagster shows of assets beside their events: columns, versions of code and data, pictures."""
