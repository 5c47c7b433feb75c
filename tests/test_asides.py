"""Furniture between paragraphs: lines that lead to another story, and whether a page's number hears of them."""

from __future__ import annotations

import numpy as np

from noisefilter import score
from noisefilter.features.asides import ASIDE_NAMES, aside_matrix, asides_of
from noisefilter.features.tokens import tokenize
from noisefilter.scoring.articles import highest_aside
from noisefilter.scoring.networks import LOGIT_LIMIT, build_network
from noisefilter.sentences import split_sentences
from noisefilter.training.asides import _fit_asides
from noisefilter.training.estimators import named
from tests.making import SLUICE, vectors, walk

OWN = "Also read: Harbour board asks for a survey of the old quay"
OTHER = "Also read: Actress Delia Fonteyn marries singer Rico Banderas in Las Vegas"
MENU = "News Sport Weather Podcasts"


def measured(*lines: str):
    """Asides of the sluice with lines after its fifth sentence, and a menu before it and after."""
    body = [*SLUICE[:5], *lines, *SLUICE[5:]]
    html = "".join(f'<p><a href="/x">{line}</a></p>' if line in lines else f"<p>{line}</p>" for line in body)
    page = walk(f"<title>Board repairs sluice</title><p>{MENU}</p>{html}<p>{MENU} Travel</p>")
    sentences = np.array(split_sentences(page), dtype=np.int64).reshape(-1, 3)
    texts = [page.text[start:end] for start, end, _ in sentences.tolist()]
    chosen = np.array([text in SLUICE for text in texts])
    tokens = tokenize(page.text, vectors())
    found = [texts[row] for row in asides_of(sentences, chosen, tokens)]
    return found, aside_matrix(page, tokens, sentences, chosen, vectors())


def test_only_lines_between_paragraphs_are_asides():
    assert measured(OWN, OTHER)[0] == [OWN, OTHER]
    found, matrix = measured()
    assert found == []
    assert matrix.shape == (0, len(ASIDE_NAMES))


def test_a_line_of_another_story_is_further_from_the_article_than_one_of_its_own():
    _, matrix = measured(OWN, "A break", OTHER)
    own, other = (dict(zip(ASIDE_NAMES, row.tolist(), strict=True)) for row in matrix)
    for name in ("known_share", "context_likeness", "article_likeness"):
        assert own[name] > other[name], name
    assert other["foreign"] > own["foreign"]
    assert own["leads_elsewhere"] == other["leads_elsewhere"] == 1.0
    assert other["link_share"] == 1.0


def test_lines_in_a_row_are_measured_together():
    _, matrix = measured(OWN, OTHER)
    foreign, of_lines = (matrix[:, ASIDE_NAMES.index(name)] for name in ("foreign", "foreign_of_lines"))
    assert of_lines[0] == of_lines[1]
    assert np.expm1(foreign).min() < of_lines[0] < np.expm1(foreign).max()


def test_a_line_to_another_story_raises_the_pages_number_and_stays_furniture():
    def page(line: str) -> str:
        body = "".join(f"<p>{text}</p>" for text in (*SLUICE[:5], line, *SLUICE[5:]))
        return f"<html><head><title>Board repairs sluice</title></head><body><article>{body}</article></body></html>"

    without, own, other = (score(page(line)) for line in ("", f'<a href="/s">{OWN}</a>', f'<a href="/f">{OTHER}</a>'))
    numbers = [result.off_topic or 0.0 for result in (without, own, other)]
    assert 0 < max(numbers[:2]) < numbers[2]
    assert OTHER not in other.text
    assert SLUICE[4] in other.text


def test_where_no_furniture_is_known_no_line_counts():
    none = np.zeros((0, len(ASIDE_NAMES)))
    _, matrix = measured(OWN, OTHER)
    for foreign, real in ((matrix, none), (none, matrix), (none, none)):
        network = build_network(named("aside", _fit_asides(foreign, real)), "aside")
        assert highest_aside(network, matrix) == highest_aside(network, none) == -LOGIT_LIMIT
