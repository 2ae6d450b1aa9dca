"""Logs, traces, metrics and health, the same in every service."""
