"""The deployment ledger: which model version was in production at any instant, why, and which documents it touched."""
