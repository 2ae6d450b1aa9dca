"""Forgetting a document: erasing it and all that came from it, and proving it."""

from brevity.feedback.forgetting.forget import forget
from brevity.feedback.forgetting.report import Proof

__all__ = ["Proof", "forget"]
