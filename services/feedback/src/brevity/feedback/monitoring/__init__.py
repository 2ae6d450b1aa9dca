"""The drift monitors at work: topics in, alarms on `drift.detected` out, state in the store."""
