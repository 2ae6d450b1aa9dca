"""What starts a training by itself: drift, new feedback, the clock; each weighed against its cost."""
