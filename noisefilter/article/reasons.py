"""What moved the article classifier → `Score.reasons`: up to three reasons in words, each with its share.

An article is noise if it is thin or manufactured; the reasons are those of the more likely of the two, and of being
thin if neither is likely. Either classifier is a logistic regression, so what an input adds to the log-odds is exact:
its weight times its distance, in standard deviations, from the average of the training articles. Inputs that mean the
same to a reader are one reason, and their shares add up. The words are those of the input that moved most in the
direction of the sum, among the inputs that are true of what a reader sees (`seen_measures`), with the value seen there.
A reason without such an input is left out.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from noisefilter.article.columns import NOISE_COLUMNS, NOISE_MEASURES, noise_measures
from noisefilter.sentences.sections import sections_shown
from noisefilter.types import Reason

if TYPE_CHECKING:
    from noisefilter.arrays import Flags, Matrix
    from noisefilter.networks import Network
    from noisefilter.sentences.table import SentenceTable

#: How a value is shown: a share in percent, a number, or not at all, since it is on a scale of its own.
Unit = Literal["percent", "number", "hidden"]
MOST = 3
#: The words of a feature are true of the page if the value that a reader sees is on the same side of the average as the
#: input, and at least this share as far from it.
SEEN_SHARE = 0.5


class Words(NamedTuple):
    """A feature in words; `below` is for values under the average, where `above` would not fit."""

    unit: Unit
    above: str
    below: str = ""


#: The features that mean the same to a reader, and what each says.
GROUPS: dict[str, dict[str, Words]] = {
    "filler": {
        "filler": Words("percent", "{} of its words say nothing"),
        "filler_over_0.3": Words("percent", "{} of its words stand in sentences that may well say nothing"),
        "filler_over_0.5": Words("percent", "{} of its words stand in sentences that likely say nothing"),
        "filler_over_0.7": Words("percent", "{} of its words stand in sentences that surely say nothing"),
    },
    "template": {
        "template_sections": Words(
            "number",
            "{} of the sections that templates have (FAQ, Key Takeaways, Final Thoughts)",
            "few or none of the sections that templates have (FAQ, Key Takeaways, Final Thoughts)",
        ),
        "mean_cue_templates": Words("percent", "headings and closing lines that fit any article hold {} of its words"),
        "section_faq": Words("percent", "{} of its words stand in an FAQ section"),
        "section_takeaways": Words("percent", "{} of its words stand in a Key Takeaways section"),
        "section_conclusion": Words("percent", "{} of its words stand in a Final Thoughts section"),
        "section_introduction": Words("percent", "{} of its words stand under a heading that fits any article"),
    },
    "numbers": {
        "mean_any_digit": Words("percent", "sentences with a number hold {} of its words"),
        "mean_digits": Words("percent", "{} of its words are numbers"),
        "mean_signs": Words("number", "{} currency or percent signs a sentence"),
    },
    "names": {
        "mean_any_name": Words("percent", "sentences with a name hold {} of its words"),
        "mean_names": Words("percent", "{} of its words are names"),
        "mean_rarity": Words("hidden", "its words are specific", "its words are general ones"),
        "mean_rarest": Words(
            "hidden", "its sentences hold rare, specific words", "its sentences hold common words only"
        ),
        "mean_upper_case": Words("percent", "{} of its words are in capitals"),
    },
    "repeats": {
        "said_again": Words("percent", "{} of its words stand in sentences that say again what it said before"),
        "said_thrice": Words("percent", "{} of its words stand in sentences that say what two others say"),
    },
    "sources": {
        "unnamed_sources": Words("number", "{} sources without a name in 1,000 words"),
    },
    "making": {
        "making": Words(
            "hidden", "it is worded like manufactured articles", "it is not worded like manufactured articles"
        ),
    },
    "wording": {
        "wording": Words("hidden", "it is worded like thin articles", "it is worded like articles of substance"),
    },
}
WORDS = {feature: words for group in GROUPS.values() for feature, words in group.items()}
#: Which input belongs to which group: (inputs, groups).
IN_GROUP = np.array([[feature in group for group in GROUPS.values()] for feature in NOISE_COLUMNS], dtype=np.float64)


def seen_measures(table: SentenceTable, probabilities: Matrix, kept: Flags) -> Matrix:
    """The features behind noise as a reader can count them, in the kept sentences only: (articles, NOISE_MEASURES).

    The classifier also reads sentences that may be boilerplate, and sections that end too late
    (`sentences/sections.py`). Its inputs stay as in training, but a reason must be true of the page.

    `kept` are the sentences that are not boilerplate, `probabilities` of filler and promotion those that the score gives.
    """
    section = np.full(len(table), -1)
    section[kept] = sections_shown(table, kept)
    return noise_measures(table, probabilities, section, kept)


def name_noise(network: Network, inputs: Matrix, seen: Matrix) -> list[tuple[Reason, ...]]:
    """The reasons that moved each article's noise most, the strongest first.

    Args:
        network: the article classifier.
        inputs: what it read: (articles, `NOISE_COLUMNS`).
        seen: the features as a reader sees them: (articles, `NOISE_MEASURES`).

    Returns:
        At most three per article; none if the classifier is not a single linear layer, since shares would not be exact.
    """
    exact = network.moves(inputs)
    if exact is None:
        return [()] * len(inputs)
    moves = np.round(exact, 6)  # the same in any batch
    sums = np.round(moves @ IN_GROUP, 6)
    total = np.abs(sums).sum(axis=1, keepdims=True)
    shares = np.round(sums / np.maximum(total, 1e-9), 2) + 0.0  # no -0.0
    order = np.argsort(-np.abs(sums), axis=1, kind="stable")
    values, usual = np.round(np.column_stack([seen, inputs[:, len(NOISE_MEASURES) :]]), 6), np.round(network.mean, 6)
    off = np.round(inputs, 6) - usual
    true = (values - usual) * np.sign(off) >= SEEN_SHARE * np.abs(off)
    found = []
    for row in range(len(moves)):
        reasons = (
            Reason(text, float(shares[row, group]))
            for group in order[row].tolist()
            if shares[row, group]
            and (text := _in_words(moves[row], values[row], usual, true[row], group, raises=sums[row, group] > 0))
        )
        found.append(tuple(islice(reasons, MOST)))
    return found


def name_measures(inputs: Matrix) -> list[tuple[tuple[str, float], ...]]:
    """Inputs of the article classifier, (articles, NOISE_COLUMNS), for each article by name; the same in any batch."""
    return [tuple(zip(NOISE_COLUMNS, row, strict=True)) for row in np.round(inputs, 6).tolist()]


def _in_words(moves: Matrix, values: Matrix, usual: Matrix, true: Flags, group: int, *, raises: bool) -> str:
    """The words of the feature that moved most in the group's direction, with the average, and the direction.

    Features that are not true of the page are skipped; "" if none is left, or if all left moved the other way.
    """
    inside = np.flatnonzero((IN_GROUP[:, group] > 0) & true)
    direction = moves[inside] if raises else -moves[inside]
    if not len(inside) or direction.max() <= 0:
        return ""
    leading = int(inside[np.argmax(direction)])
    words = WORDS[NOISE_COLUMNS[leading]]
    value, average = float(values[leading]), float(usual[leading])
    text = words.above if value >= average or not words.below else words.below
    if words.unit != "hidden":
        text = f"{text.format(_shown(value, words.unit))} (usual: {_shown(average, words.unit)})"
    return f"{text}: {'raises' if raises else 'lowers'} noise"


def _shown(value: float, unit: Unit) -> str:
    """A value for a reader, with significant digits only."""
    if unit == "percent":
        percent = 100 * value
        return f"{percent:.1f}%" if 0.05 <= percent < 9.95 else f"{percent:.0f}%"
    return f"{value:.0f}" if value >= 9.95 or float(value).is_integer() else f"{value:.1f}"
