"""Trees: what a reader sees of a page, what is hidden in it, and the page without what is taken out."""
