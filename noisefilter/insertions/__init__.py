"""Insertions in articles: their features, the networks that judge sentences and words, and where to cut.

`judge` has the story in one function: `columns` and `cohesion` measure every sentence, `words` the words of doubtful
ones, and `passages` makes columns of what a network says of these words. `reading` adds the reader's predictions, `cuts`
says which characters go, `reasons` why, and `fit` learns it all.
"""
