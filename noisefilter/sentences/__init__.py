"""What class a sentence is of: sentences as arrays, their columns, the networks that judge them, and the reason of each."""
