"""What services promise one another beyond events and topics: the shared words, each with one owner."""
