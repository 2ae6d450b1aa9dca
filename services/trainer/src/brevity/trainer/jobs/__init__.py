"""Jobs: their record, their store, the process each runs in, and who runs them."""
