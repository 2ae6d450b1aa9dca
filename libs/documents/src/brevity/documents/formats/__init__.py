"""One reader for each family of formats: bytes in, `Found` out."""
