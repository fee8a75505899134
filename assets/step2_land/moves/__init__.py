"""Landing streams whose instants move: events are looked for where they were."""
