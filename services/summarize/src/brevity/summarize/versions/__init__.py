"""Model versions in service: by address, tried before they serve, swapped without losing a request (ADR 16)."""
