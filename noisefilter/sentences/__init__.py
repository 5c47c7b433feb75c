"""Classes of sentences: sentences as arrays, their columns, and the networks that judge them."""
