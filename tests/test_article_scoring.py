"""Kinds of sentences in two passes, and how an article is worded."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from carry_over_judged import predict_articles

from noisefilter.article.columns import NOISE_COLUMNS, WORD_ROWS, WORDINGS, manner_log_odds, manner_words
from noisefilter.article.fit import ArticleExample, article_examples, fit_articles
from noisefilter.article.judge import either, predict_noise
from noisefilter.fit import FOLDS
from noisefilter.insertions.judge import page_off_topic_inputs
from noisefilter.labels import LabelledPage
from noisefilter.model import as_model
from noisefilter.networks import LOGIT_LIMIT, logit
from noisefilter.sentences.context import NEAR, kind_context
from noisefilter.sentences.table import SentenceTable
from noisefilter.types import Page
from tests.making import SLUICE, articles_of, sentences_of, vectors

ANOTHER = ("Orchids want light.", "They hate wet feet, and most of them die of kindness.", "Water them once a week.")


def verdicts(count: int) -> np.ndarray:
    random = np.random.default_rng(3)
    classes = random.random((count, 4))
    return np.round(classes / classes.sum(axis=1, keepdims=True), 6)


def context_of(texts: list[str], classes: np.ndarray) -> np.ndarray:
    table = SentenceTable(articles_of(texts), vectors())
    return kind_context(table, classes)


def test_what_was_said_around_does_not_depend_on_the_other_articles_of_a_batch():
    texts = ["\n\n".join(SLUICE), "\n\n".join(ANOTHER)]
    classes = verdicts(len(SLUICE) + len(ANOTHER))
    together = context_of(texts, classes)
    apart = [context_of(texts[:1], classes[: len(SLUICE)]), context_of(texts[1:], classes[len(SLUICE) :])]
    assert np.array_equal(together, np.concatenate(apart))


def test_a_sentence_hears_what_was_said_of_its_neighbours():
    classes = verdicts(len(SLUICE))
    context = context_of(["\n\n".join(SLUICE)], classes)
    own, before = context[:, :4], context[:, 4 * (1 + NEAR.index(-1)) : 4 * (2 + NEAR.index(-1))]
    assert np.array_equal(own, logit(classes))
    assert np.array_equal(before[1:], own[:-1])


def test_a_sentence_hears_of_the_others_of_its_paragraph_only():
    classes = verdicts(4)
    context = context_of([" ".join(SLUICE[:3]) + "\n\n" + SLUICE[3]], classes)
    others = context[:, 4 * (1 + len(NEAR)) : 4 * (2 + len(NEAR))]
    log_odds = logit(classes)
    assert others[0] == pytest.approx(log_odds[1:3].mean(axis=0))
    assert np.array_equal(others[3], log_odds[3])  # it stands alone


def test_no_sentences_have_no_context():
    assert len(context_of([""], np.zeros((0, 4)))) == 0


def words_of(text: str) -> dict[int, float]:
    _, rows, weights = manner_words(sentences_of(text))
    return dict(zip(rows.tolist(), weights.tolist(), strict=True))


def test_another_name_number_or_topic_is_worded_alike():
    one = "On Monday the board of Lanvik paid 310 crowns for zygomorphic quoins."
    other = "On Friday the board of Estmoor paid 47 crowns for thixotropic gudgeons."
    assert words_of(one) == words_of(other)
    assert words_of(one) != words_of(one.replace("paid", "paid nothing"))


def test_the_tenth_use_of_a_word_says_less_than_the_first():
    once, often = ("The board met. " * times for times in (1, 10))
    assert words_of(once).keys() == words_of(often).keys()
    assert max(words_of(often).values()) == pytest.approx(1 + np.log(10))


def test_an_article_is_worded_as_it_is_whatever_stands_beside_it_in_the_batch():
    random = np.random.default_rng(5)
    arrays = {
        "article_words.weights": random.normal(size=(WORD_ROWS, len(WORDINGS))),
        "article_words.idf": random.random((WORD_ROWS, len(WORDINGS))) + 1,
    }
    texts = ["\n\n".join(SLUICE), "", "\n\n".join(ANOTHER)]
    together = manner_log_odds(SentenceTable(articles_of(texts), vectors()), arrays)
    apart = [manner_log_odds(SentenceTable(articles_of([text]), vectors()), arrays)[0].tolist() for text in texts]
    assert together.tolist() == apart
    assert len(set(map(tuple, apart))) == 3
    assert len(set(apart[0])) == len(WORDINGS)


def article(site: str, text: str, *votes: int, second: float | None = None) -> ArticleExample:
    """An article of a site on which some readers have voted."""
    page = LabelledPage(
        site, Page(text, format="text"), site, "own", noise=sum(votes) / len(votes), votes=votes, second=second
    )
    (example,) = article_examples([page], vectors())
    return example


THIN = (
    "In this guide, we will explore everything that you need to know.", "Choosing the right one can feel daunting.",
    "It is more important than ever to stay ahead.", "Everyone loves a good one, and that is no secret.",
    "Ultimately, the best one is the one that works for you.", "There are many benefits to consider.",
)  # fmt: skip


def judged_articles() -> list[ArticleExample]:
    """Three sorts of articles: all call the one noise, nobody the other, and of the third every second reader does."""
    examples = []
    for number in range(40):
        thin, facts = (" ".join((*part, *part)[number % 4 : number % 4 + 4]) for part in (THIN, SLUICE))
        mixed = " ".join((ANOTHER[0], ANOTHER[1], ANOTHER[2], (*ANOTHER, "A pot drains well.")[number % 4]))
        examples += [
            article(f"{number}.thin.example", thin, 3, 2), article(f"{number}.facts.example", facts, 0, 1),
            article(f"{number}.mixed.example", mixed, 1, 2),
        ]  # fmt: skip
    return examples


@pytest.fixture(scope="module")
def fitted():
    examples = judged_articles()
    arrays = as_model().wide
    found, held = fit_articles(examples, [arrays] * FOLDS)
    return examples, {**arrays, **found}, held


def test_readers_who_disagree_teach_what_they_say_each(fitted):
    examples, arrays, held = fitted
    for said in (predict_articles(examples, arrays), held):
        thin, facts, mixed = (said[sort::3] for sort in range(3))
        assert thin.min() > mixed.max() > mixed.min() > facts.max()
        assert mixed.mean() == pytest.approx(0.5, abs=0.1)


def test_what_another_reader_would_say_does_not_move_how_many_are_noisy(fitted):
    examples, arrays, held = fitted
    severe = [replace(own, page=replace(own.page, second=0.9)) for own in examples]
    _, said = fit_articles(severe, [arrays] * FOLDS)
    shares = [example.page.noise_share for example in examples]
    assert said.mean() == pytest.approx(np.mean(shares), abs=0.01)
    assert said.mean() == pytest.approx(held.mean(), abs=0.01)


ODD = "Zebras graze. Quaggas graze. Okapis browse."


def invented_articles(grade: int) -> list[ArticleExample]:
    """Articles of many sites that all read alike, with a grade."""
    return [
        replace(found, page=replace(found.page, noise=float(grade), votes=(grade,), site=f"zebra{number}.example"))
        for number, found in enumerate([article("zebra.example", ODD, grade)] * 60)
    ]


def test_invented_articles_teach_and_do_not_calibrate(fitted):
    examples, arrays, held = fitted
    taught, said = fit_articles(examples, [arrays] * FOLDS, invented_articles(3))
    assert len(said) == len(examples)
    assert said.mean() == pytest.approx(held.mean(), abs=0.01)  # though noise is much more frequent among the invented
    before, after = (
        predict_articles([article("other.example", ODD, 0)], models)[0] for models in (arrays, {**arrays, **taught})
    )
    assert after > before + 0.1


def test_invented_articles_do_not_teach_what_is_thin_and_honest_ones_not_what_is_manufactured(fitted):
    examples, arrays, _ = fitted
    farms, thin, honest = (fit_articles(examples, [arrays] * FOLDS, invented_articles(grade))[0] for grade in (3, 2, 1))
    assert np.array_equal(farms["article_words.weights"][:, 0], arrays["article_words.weights"][:, 0])
    odd = [article("other.example", ODD, 0)]
    three, two, one = (predict_articles(odd, {**arrays, **taught})[0] for taught in (farms, thin, honest))
    assert three > two > one + 0.1


def test_without_invented_articles_nothing_is_manufactured(fitted):
    examples, arrays, _ = fitted
    rows = np.random.default_rng(0).normal(size=(5, len(NOISE_COLUMNS)))
    _, made, _ = predict_noise(rows, arrays)
    assert made.max() < 0.01
    assert len(examples) > 5


def test_an_article_is_noise_if_it_is_thin_or_manufactured():
    sure, never, even = np.array([1.0]), np.array([0.0]), np.array([0.5])
    assert either(sure, never) == either(never, sure) == 1
    assert either(never, even) == 0.5
    assert either(even, even) == 0.75


def test_what_an_article_is_calibrated_on_had_not_seen_its_site():
    examples = judged_articles()
    odd = article("alone.example", "Zebras graze. Quaggas graze. Okapis browse.", 0)
    copies = [
        replace(odd, page=replace(odd.page, noise=3.0, votes=(3,), site=f"alone{number}.example"))
        for number in range(8)
    ]
    same = [replace(odd, page=replace(odd.page, noise=3.0, votes=(3,))) for _ in range(8)]
    arrays = as_model().wide
    said = [fit_articles([*examples, *others, odd], [arrays] * FOLDS)[1][-1] for others in (copies, same)]
    assert said[0] > said[1] + 0.1  # its own site's other articles teach nothing of it


def test_a_page_is_told_by_its_strangest_sentences_wherever_they_stand():
    one, other = np.array([0.9, 0.1, 0.1]), np.array([0.1, 0.1, 0.9])
    assert page_off_topic_inputs(one).tolist() == page_off_topic_inputs(other).tolist()
    assert page_off_topic_inputs(one)[0, 0] == pytest.approx(np.log(9))
    assert page_off_topic_inputs(np.zeros(0))[0, 0] == -LOGIT_LIMIT
