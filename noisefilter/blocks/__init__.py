"""What is boilerplate: blocks as arrays, their columns, the networks that judge them, and the reason of each."""
