"""The commands `brevity train`, `brevity data` and `brevity models`."""
