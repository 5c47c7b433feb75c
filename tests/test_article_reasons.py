"""The three reasons of `noise`: exact, in words that say value and direction, and none where they would lie."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from noisefilter import Reason, score, score_many
from noisefilter.article.columns import NOISE_COLUMNS, NOISE_MEASURES
from noisefilter.article.judge import predict_noise
from noisefilter.article.reasons import GROUPS, WORDS, name_noise, seen_measures
from noisefilter.model import as_model
from noisefilter.networks import build_network, logit
from tests.making import ARTICLE, CORPUS, SLUICE, sentences_of, walk

if TYPE_CHECKING:
    from noisefilter.arrays import Matrix
    from noisefilter.networks import Network

FARM = (
    "In today's fast-paced world, it is more important than ever to know about kettles. In this guide, we will explore "
    "everything you need to know.\n\nKettles play a crucial role in our lives. Everyone loves a good kettle, and that is "
    "no secret. Choosing the right one can feel daunting.\n\nFrequently Asked Questions\n\nAre kettles worth it? Yes, kettles are "
    "worth it, because they are kettles.\n\nFinal Thoughts\n\nUltimately, the best kettle is the one that works for you."
)

#: Full of figures; but it says them thrice, and all who comment on them are anonymous.
MANUFACTURED = (Path(__file__).parent / "cases" / "manufactured.txt").read_text(encoding="utf8")


def article_network() -> Network:
    return build_network(as_model().wide, "article")


def named(inputs: Matrix, **seen: float) -> list[tuple[Reason, ...]]:
    """The reasons of inputs that are there to be seen as they were read, but for some that are given."""
    values = inputs[:, : len(NOISE_MEASURES)].copy()
    for name, value in seen.items():
        values[:, NOISE_MEASURES.index(name)] = value
    return name_noise(article_network(), inputs, values)


def inputs_with(**values: float) -> Matrix:
    """What the classifier reads of an average article but for some inputs, given in standard deviations from the average."""
    network = article_network()
    row = network.mean.copy()
    for name, steps in values.items():
        row[NOISE_COLUMNS.index(name)] += steps * network.scale[NOISE_COLUMNS.index(name)]
    return row[None, :]


def test_every_input_of_the_classifier_has_words_in_one_group():
    assert sorted(feature for group in GROUPS.values() for feature in group) == sorted(NOISE_COLUMNS)
    assert len(NOISE_COLUMNS) == len(article_network().mean)


def test_words_have_a_place_for_the_value_just_where_it_is_shown():
    for feature, words in WORDS.items():
        assert ("{}" in words.above) == (words.unit != "hidden"), feature
        assert bool(words.below) == (words.unit == "hidden" or feature == "template_sections"), feature


def test_the_moves_of_all_inputs_add_up_to_the_log_odds():
    network, rng = article_network(), np.random.default_rng(0)
    rows = (
        network.mean + rng.normal(size=(20, len(NOISE_COLUMNS))) * network.scale / 3
    )  # log-odds that `logit` does not clip
    moves = network.moves(rows)
    assert moves is not None
    start = logit(network.probabilities(network.mean[None, :])[:, 1])
    assert moves.sum(axis=1) + start == pytest.approx(logit(network.probabilities(rows)[:, 1]))


def test_an_average_article_has_no_reasons():
    assert named(inputs_with()) == [()]


def test_what_moves_alone_has_the_whole_share_and_says_its_value_and_the_usual_one():
    ((reason,),) = named(inputs_with(mean_any_digit=2.0))
    value, usual = (
        f"{inputs_with(mean_any_digit=steps)[0, NOISE_COLUMNS.index('mean_any_digit')]:.0%}" for steps in (2.0, 0.0)
    )
    assert reason == Reason(f"sentences with a number hold {value} of its words (usual: {usual}): lowers noise", -1.0)


def test_inputs_that_mean_the_same_are_one_reason():
    ((first, second),) = named(inputs_with(**{"filler": 2.0, "filler_over_0.5": 2.0, "mean_any_digit": 2.0}))
    assert "say nothing" in first.text
    assert first.text.endswith("raises noise")
    assert second.text.endswith("lowers noise")
    assert first.share > 0.5
    assert second.share < 0
    assert first.share - second.share == pytest.approx(1.0)


def test_a_hidden_value_has_words_for_both_sides():
    above, below = (named(inputs_with(wording=steps))[0][0].text for steps in (1.0, -1.0))
    assert above == "it is worded like thin articles: raises noise"
    assert below == "it is worded like articles of substance: lowers noise"


def test_a_page_without_template_sections_is_not_told_of_none_as_a_number():
    ((reason,),) = named(inputs_with(template_sections=-1.0))
    assert reason.text.startswith("few or none of the sections that templates have (FAQ,")


def test_a_reason_gives_the_value_that_is_seen():
    ((reason,),) = named(inputs_with(mean_any_digit=2.0), mean_any_digit=0.5)
    assert reason.text.startswith("sentences with a number hold 50% of its words")
    assert reason.share == -1.0


def test_what_is_not_true_of_the_page_is_no_reason():
    usual = article_network().mean[NOISE_COLUMNS.index("section_takeaways")]
    assert named(inputs_with(section_takeaways=3.0), section_takeaways=usual) == [()]
    ((reason,),) = named(inputs_with(section_takeaways=3.0, section_faq=1.0), section_takeaways=0.0)
    assert "stand in an FAQ section" in reason.text


def test_a_group_is_not_named_by_what_moved_it_the_other_way():
    inputs = inputs_with(section_takeaways=3.0, template_sections=-0.2)
    ((reason,),) = named(inputs)
    assert "in a Key Takeaways section" in reason.text
    assert reason.share > 0
    assert named(inputs, section_takeaways=0.0) == [()]


def seen_of(html: str, dropped: str = "") -> dict[str, float]:
    """What is seen of a page whose sentences are all kept but those that begin so."""
    table = sentences_of(walk(html))
    kept = np.array([not (dropped and text.startswith(dropped)) for text in table.texts])
    (row,) = seen_measures(table, np.full((len(kept), 2), 0.5), kept)
    return dict(zip(NOISE_MEASURES, row.tolist(), strict=True))


@pytest.mark.parametrize("heading", ["Key points", "Key points:"])
def test_takeaways_end_at_the_next_heading_and_not_with_an_item_of_their_list(heading):
    items = "<li>Two of four gates no longer close</li><li>The repair costs 310,000 crowns</li>"
    paragraphs = "".join(f"<p>{text}</p>" for text in SLUICE)
    found = seen_of(f"<h2>{heading}</h2><ul>{items}</ul><h2>What the board decided</h2>{paragraphs}")
    words = len(f"{heading} Two of four gates no longer close The repair costs 310 000 crowns".split())
    assert found["section_takeaways"] == pytest.approx(words / (words + 4 + len(" ".join(SLUICE).split())), abs=0.01)
    assert found["template_sections"] == 1


def test_a_heading_that_is_boilerplate_makes_no_section():
    page = f"<h2>FAQs</h2><p>{SLUICE[0]}</p><h2>Conclusion</h2><p>{SLUICE[1]}</p>"
    assert [seen_of(page)[f"section_{name}"] > 0 for name in ("faq", "conclusion")] == [True, True]
    assert [seen_of(page, "FAQs")[f"section_{name}"] > 0 for name in ("faq", "conclusion")] == [False, True]


def test_no_page_is_told_of_a_section_that_it_does_not_have():
    result = score((CORPUS / "pages" / "clean-01-flood-gauges.html").read_bytes())
    assert dict(result.measures)["section_takeaways"] > 0.9  # what the classifier reads
    assert not any("in a Key Takeaways section" in reason.text for reason in result.reasons)
    listed = result.visible_text.index("What the spreadsheets show")
    assert not any("Key Takeaways" in span.reason for span in result.spans if span.start > listed)


def test_a_classifier_with_a_hidden_layer_has_no_reasons_rather_than_wrong_ones():
    rng, width = np.random.default_rng(0), len(NOISE_COLUMNS)
    arrays = {"a.mean": np.zeros(width), "a.scale": np.ones(width), "a.weights0": rng.normal(size=(width, 3)),
              "a.bias0": np.zeros(3), "a.weights1": rng.normal(size=(3, 1)), "a.bias1": np.zeros(1)}  # fmt: skip
    rows = rng.normal(size=(2, width))
    assert name_noise(build_network(arrays, "a"), rows, rows[:, : len(NOISE_MEASURES)]) == [(), ()]


def test_a_model_with_such_a_classifier_scores_without_reasons():
    model = as_model()
    rng, width = np.random.default_rng(0), len(NOISE_COLUMNS)
    layers = {"article.weights0": rng.normal(size=(width, 3)), "article.bias0": np.zeros(3),
              "article.weights1": rng.normal(size=(3, 1)), "article.bias1": np.zeros(1)}  # fmt: skip
    result = score(ARTICLE, model=replace(model, arrays={**model.arrays, **layers}))
    assert result.noise is not None
    assert result.reasons == ()


def test_a_thin_article_is_told_that_it_says_nothing_and_one_of_facts_that_it_says_something():
    thin, facts = score(FARM), score(ARTICLE)
    assert thin.noise is not None
    assert facts.noise is not None
    assert thin.noise > facts.noise
    assert any("say nothing" in reason.text and reason.share > 0 for reason in thin.reasons)
    assert facts.reasons[0].share < 0


def test_the_reasons_of_a_manufactured_article_are_the_signs_of_it():
    result = score(MANUFACTURED)
    assert result.noise is not None
    assert result.noise >= 0.5
    thin, made, _ = predict_noise(np.array([[value for _, value in result.measures]]), as_model().wide)
    assert made > thin
    assert any("without a name" in reason.text and reason.share > 0 for reason in result.reasons)


def test_reasons_are_three_at_most_the_strongest_first(corpus_scores):
    for result in corpus_scores:
        shares = [abs(reason.share) for reason in result.reasons]
        assert len(shares) <= 3
        assert shares == sorted(shares, reverse=True)
        assert sum(shares) <= 1.02
        assert 0 not in shares
        assert (result.noise is None) == (not shares)


def test_a_page_without_a_score_has_no_reasons_and_no_measures():
    unscored = score("<p>Rain fell.</p>")
    assert unscored.reasons == ()
    assert unscored.measures == ()


def test_the_measures_of_a_score_are_what_its_noise_was_read_from():
    result = score(FARM)
    names, values = zip(*result.measures, strict=True)
    assert names == NOISE_COLUMNS
    *_, noise = predict_noise(np.array([values]), as_model().wide)
    assert noise[0] == pytest.approx(result.noise, abs=1e-4)
    assert "measures" not in result.to_dict()


def test_reasons_and_measures_are_the_same_in_any_batch():
    facts, thin = ((result.reasons, result.measures) for result in map(score, (ARTICLE, FARM)))
    batch = score_many([ARTICLE, FARM, ARTICLE, FARM])
    assert [(result.reasons, result.measures) for result in batch] == [facts, thin, facts, thin]
