"""What Dagster's assets share: keys, partitions, the run as a resource, retries, and the sources."""
