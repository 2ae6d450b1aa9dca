"""Neural summarizers: models in, text and spans out; no Kafka, no stores."""
