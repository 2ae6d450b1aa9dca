"""The registry of models as the page shows it: asked of the trainer, drawn beside the ledger."""
