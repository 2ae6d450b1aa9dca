"""The trainer's HTTP routes."""
