"""Examples of what the model is bad at: short pages of our own, with this model's predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from noisefilter.api import score_many
from noisefilter.types import Page

if TYPE_CHECKING:
    from noisefilter.kinds import Kind
    from noisefilter.model import Model
    from noisefilter.types import Score

#: A story of our own that the passages stand in.
STORY = (
    "The ferry to Ostrand will stop running at night from the first of October, the harbour office said on Monday.",
    "Three of the five crews work on contracts that end this month, and none of them has signed a new one.",
    "“We asked for two more men a boat in March and got none,” said Ane Lund, who has steered the night boat since 2011.",
    "The last boat will leave the pier at 21.40; until now there were two more, at 23.10 and at 00.30.",
    "About 60 nurses and bakers on the island use the late boats, a count by the parish in August found.",
    "The county pays 1.2 million crowns a year for the line and says that it has no more to give.",
    "The parish council meets on Thursday at seven in the school to talk about a bus over the dam instead.",
)


class Example(NamedTuple):
    """A passage to put after the fourth sentence of the story: what it is, and whether a reader would mark it."""

    what: str
    passage: str
    kind: Kind
    wanted: bool


EXAMPLES = (
    Example(
        "a headline of another story in sentence case, near in subject",
        "The dam road is to close for repairs until spring, and drivers in the bay are furious.",
        "off_topic",
        wanted=True,
    ),
    Example(
        "a single foreign sentence without a link",
        "Soak the beans overnight, then simmer them with a bay leaf until they are soft.",
        "off_topic",
        wanted=True,
    ),
    Example(
        "a paid link woven in, as plain text",
        "Those who wait at the pier can pass the time at a trusted online casino with a welcome bonus.",
        "off_topic",
        wanted=True,
    ),
    Example(
        "a comparison that leaves the subject for a moment and comes back",
        "It is like a bakery that sells no bread before noon, said Lund.",
        "off_topic",
        wanted=False,
    ),
    Example(
        "a short answer in a quotation", "“I do not blame the crews. I would have left, too.”", "filler", wanted=False
    ),
    Example(
        "a plain sentence without names or numbers that carries the story",
        "The boats stay at the pier when the wind comes from the north, because the ramp then floods.",
        "filler",
        wanted=False,
    ),
    Example(
        "filler that dresses up with names and numbers",
        "Ostrand, Lund and the 60 islanders all know in 2025 that every ending is also a beginning.",
        "filler",
        wanted=True,
    ),
    Example(
        "selling in the tone of news",
        "The firm of Brask, known for its fair prices and warm cabins, now lets small boats to islanders by the week.",
        "promotion",
        wanted=True,
    ),
    Example(
        "a fact about an offer, which sells nothing",
        "Islanders can order a pass at the town hall until Friday, free for those under 16.",
        "promotion",
        wanted=False,
    ),
)
#: Whole texts whose `noise` tends to be too low or too high.
LIE = (
    "The town of Velm has moved its clocks forward by 14 minutes since 3 May, mayor Odd Krag told the council on Tuesday. "
    "“It saves us 400,000 crowns a year in lamp oil,” he said. Krag, 83, was elected with 612 votes in 1874. "
    "His deputy, Siv Aas, counted the lamps herself: there are 2,118, and each burns 3 litres a week. "
    "The railway has printed new timetables for its 11 stations. Neighbouring Harn will follow on 9 June."
)
TEMPLATE = (
    "Key Takeaways\n\nThe tap at Lyng holds 31 micrograms of lead a litre; 10 are allowed.\n\nFrequently Asked Questions\n\n"
    "Who is affected? The 212 houses north of the mill, which were built before 1962.\n\nWhat does it cost? The water board "
    "pays for the pipe to the wall and the owner for the rest, 8,000 crowns on average.\n\nWhen will it be done? By 30 "
    "November, engineer Bo Falk wrote to the owners.\n\nFinal Thoughts\n\nLet the tap run for a minute before you drink."
)
TEXTS = (
    (
        "a lie with names, numbers and quotations",
        LIE,
        "no fact is checked: it should be low all the same, for it judges manner",
    ),
    ("answers of substance in a template's sections", TEMPLATE, "should be low: each answer says something"),
)


def example_lines(model: Model) -> list[str]:
    """Lines of the card: each example, what a reader would say, and the model's prediction."""
    pages = [
        Page(_story_with(example.passage), title="Night ferry to Ostrand ends", format="text") for example in EXAMPLES
    ]
    pages += [Page(text, format="text") for _, text, _ in TEXTS]
    scores = list(score_many(pages, model=model))
    lines = [
        "| what it is | passage | kind | a reader would mark it | the model's probability | the model marks it |",
        "|---|---|---|---|---|---|",
    ]
    for example, score in zip(EXAMPLES, scores, strict=False):
        probability, found = _said(score, example)
        right = "" if found == example.wanted else " (wrong)"
        lines.append(
            f"| {example.what} | {example.passage} | {example.kind} | {_yes(example.wanted)} | {probability:.2f} | {_yes(found)}{right} |"
        )
    lines += ["", "Of whole texts:", ""]
    for (what, text, wanted), score in zip(TEXTS, scores[len(EXAMPLES) :], strict=True):
        noise = "not judged" if score.noise is None else f"`noise` {score.noise:.2f}"
        lines.append(f"- {what} (“{text[:60].rsplit(' ', 1)[0].replace(chr(10), ' ')} …”): {noise}; {wanted}.")
    return lines


def _story_with(passage: str) -> str:
    return "\n\n".join([" ".join(STORY[:2]), " ".join([*STORY[2:4], passage, STORY[4]]), " ".join(STORY[5:])])


def _said(score: Score, example: Example) -> tuple[float, bool]:
    """Highest probability of the kind among the sentences of the passage, and whether a span of the kind touches it."""
    start = score.visible_text.index(example.passage)
    end = start + len(example.passage)
    inside = [getattr(one, example.kind) for one in score.sentences if one.start < end and start < one.end]
    found = any(span.kind == example.kind and span.start < end and start < span.end for span in score.spans)
    return max(inside, default=0.0), found


def _yes(value: bool) -> str:  # noqa: FBT001 - a word for a truth
    return "yes" if value else "no"
