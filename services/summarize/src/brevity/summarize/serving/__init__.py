"""The engine behind Ray Serve: the application, what travels to and from it, and the stage's clients."""
