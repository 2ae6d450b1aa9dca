"""The HTTP door of a service: application factory, keys, limits, errors and the server that runs it."""
