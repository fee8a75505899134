"""Published versions: the schema, the manifest, the pointer and the pin, and what verifies them."""
