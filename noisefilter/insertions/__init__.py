"""What was put into an article: its measures, the networks that judge sentences and words, and where to cut."""
