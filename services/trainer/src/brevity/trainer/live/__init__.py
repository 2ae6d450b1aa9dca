"""Ratings of the version in service, held against those of the one before: a worse one is rolled back by itself."""
