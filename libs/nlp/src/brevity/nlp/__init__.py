"""Text in, text out: sentences, languages, the extractive summarizer, faithfulness, ROUGE. No IO, no services."""
