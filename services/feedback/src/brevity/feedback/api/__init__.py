"""The HTTP door of the feedback service."""

from brevity.feedback.api.routes import Services, add_routes

__all__ = ["Services", "add_routes"]
