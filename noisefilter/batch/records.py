"""Score → what the batch adds to a row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from noisefilter.types import Score

#: The field of a row that holds noisefilter's record; an input's own field of this name is replaced.
OWN = "noisefilter"
#: Fields of the score's record that a row gets, in order, after its id.
FIELDS = tuple("url title verdict status page_type noise reasons filler off_topic boilerplate text spans model".split())
LENGTH = "length"
#: Fields that a row gets on request.
MORE: dict[str, Callable[[Score], Any]] = {
    "visible_text": lambda score: score.visible_text,
    LENGTH: lambda score: len(score.visible_text),
}
#: Characters of a span that its record quotes.
QUOTED = 500


def describe(name: str, score: Score, more: Collection[str] = ()) -> dict[str, Any]:
    """What noisefilter adds to the row with this id; `more` names fields of `MORE`."""
    record = score.to_dict()
    described = {"id": name, **{field: record[field] for field in FIELDS}}
    for span, kept in zip(score.spans, described["spans"], strict=True):  # to judge a dropped page by its record
        kept["quote"] = score.quote(span)[:QUOTED]
    return described | {field: MORE[field](score) for field in more}
