"""HTTP as this server speaks it: connections, paths, headers, limits, logs, errors, the OpenAPI document."""
