"""Kafka: records, the exactly-once stage, dead letters, topic administration."""
