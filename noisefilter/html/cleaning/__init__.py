"""`Score` → HTML: the page's own markup without what the spans cover, built from what is allowed."""
