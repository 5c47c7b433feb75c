"""Boxes that offer a newsletter or a subscription go, whatever they are called; the article around them stays."""

import numpy as np
import pytest

from noisefilter.blocks.offers import find_offers
from noisefilter.html.walk import split_blocks
from noisefilter.types import Page
from tests.making import SLUICE, blocks_of

PITCH = "One careful story from the valley, every Monday before breakfast."
ARTICLE = "".join(f"<p>{line}</p>" for line in SLUICE)


def offered(box: str, title: str | None = None) -> set[str]:
    """Texts of the blocks of offers; the article is sure, all else is doubtful."""
    page = split_blocks(Page(f"<body><main>{ARTICLE}{box}</main></body>", title=title, format="html"))
    logits = np.array([-5.0 if text in SLUICE else -1.0 for text in page.texts()])
    return {text for text, found in zip(page.texts(), find_offers(blocks_of(page), logits), strict=True) if found}


@pytest.mark.parametrize(
    "control",
    [
        "<form><label><input type=email></label></form><span>Send</span>",
        "<button>Subscribe</button>",
        "<p>Already a member? <a href=/login>Sign in</a></p>",
        "<p><a href=/abo>Déjà abonné ? Connectez-vous</a></p>",
    ],
)
def test_all_that_stands_in_the_box_of_an_offer_goes(control):
    found = offered(f"<div><h3>The Monday letter</h3><p>{PITCH}</p>{control}</div>")
    assert {"The Monday letter", PITCH} <= found
    assert not found & set(SLUICE)


@pytest.mark.parametrize(
    "box",
    [
        f"<div><p>{PITCH}</p><input type=text></div>",
        f"<div><p>{PITCH}</p><button>Turn the page</button></div>",
        f"<div><p>{PITCH}</p><p>{PITCH * 8}</p><input type=email></div>",
        "".join(f"<div><button>Sign up {who}?</button><p>{PITCH}</p></div>" for who in ("one", "two", "three")),
    ],
    ids=["another field", "another button", "a long box", "questions that unfold"],
)
def test_what_only_resembles_an_offer_stays(box):
    assert offered(box) == set()


def test_an_offer_takes_no_sure_paragraph_and_no_headline():
    assert SLUICE[0] not in offered(f"<div><p>{SLUICE[0]}</p><input type=email></div>")
    assert offered(f"<div><h1>Mill buys wool</h1><p>{PITCH}</p><input type=email></div>", "Mill buys wool") == set()


def test_an_offer_is_less_than_half_of_the_article():
    page = split_blocks(Page(f"<body><div><p>{PITCH}</p><input type=email></div><p>{PITCH}</p></body>", format="html"))
    assert not find_offers(blocks_of(page), np.full(2, -1.0)).any()
