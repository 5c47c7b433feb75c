"""What belongs together stays or goes together."""

from dataclasses import replace

import numpy as np
import pytest

from noisefilter.blocks.beside import SURE
from noisefilter.blocks.groups import CODE, COPY, FACT, MOST_IN_CELL, find_groups, tie_groups
from tests.making import SLUICE, blocks_of, walk


def tied(html: str, **logits: float) -> dict[str, float]:
    """Log-odds after the groups were tied, by the text of each block; before, those of the named texts, else -1."""
    page = walk(html, "Board repairs the old sluice")
    table = blocks_of(page)
    given = np.array([logits.get(text, -1.0) for text in page.texts()])
    return dict(zip(page.texts(), tie_groups(table, given).tolist(), strict=True))


@pytest.mark.parametrize(
    "html",
    [
        "<table><tr><td>Length</td><td>Wide</td></tr><tr><td>Piers</td></tr></table>",
        "<table><tr><th><p>Length</p></th><td><div>Wide</div></td></tr></table><p>Piers</p>",
        "<dl><dt>Length</dt><dd>Wide</dd></dl><p>Piers</p>",
        "<dl><div><dt>Length</dt><dd>Wide</dd></div></dl><p>Piers</p>",
        "<details><summary>Length</summary><p>Wide</p></details><p>Piers</p>",
        "<figure><div>Length</div><figcaption>Wide</figcaption></figure><p>Piers</p>",
    ],
)
def test_a_label_and_its_value_have_one_fate(html):
    found = tied(html, Length=2.0, Wide=-3.0)
    assert found["Length"] == found["Wide"]
    assert -3 < found["Length"] < 2
    assert found["Piers"] == -1


def test_code_and_facts_are_spared_unless_they_are_links():
    found = tied(
        "<pre>make all</pre><table><tr><td>Piers</td><td>11</td></tr><tr><td>More</td><td><a href=/a>here</a></td></tr></table>"
        f"<table><tr><td>{SLUICE[0]}</td><td>{SLUICE[1]}</td></tr></table><dl><dt>Oak</dt></dl>"
    )
    assert found["make all"] == -1 - CODE
    assert found["Piers"] == found["11"] == found["Oak"] == -1 - FACT
    assert found["More"] == found["here"] == found[SLUICE[0]] == -1


def test_a_list_of_terms_has_one_fate():
    page = walk(
        "<dl><dt>Cod</dt><dt>Ling</dt><dd>sold by the box</dd><dt>Crab</dt><dd>sold alive</dd></dl><p>Rain</p><dl><dt>Eel</dt></dl>"
    )
    assert find_groups(page, np.full(7, 3.0)).tolist() == [0, 0, 0, 0, 0, 5, 6]


def test_a_row_that_holds_a_page_is_layout():
    cells = "".join(f"<p>{line}</p>" for line in SLUICE * 4)
    page = walk(f"<table><tr><td>Menu</td><td>{cells}</td></tr></table>")
    assert len(set(find_groups(page, np.full(len(page.blocks), 14.0)))) == len(page.blocks)


@pytest.mark.parametrize("top", [f"<h2>{SLUICE[0]}</h2>", f"<div>{SLUICE[0]}</div>" * (MOST_IN_CELL + 1)])
def test_a_row_with_a_heading_or_many_blocks_in_a_cell_is_layout(top):
    page = walk(f"<table><tr><td>Menu</td><td>{top}<p>{SLUICE[1]}</p></td></tr></table>")
    assert find_groups(page, np.full(len(page.blocks), 3.0)).tolist() == list(range(len(page.blocks)))


@pytest.mark.parametrize(
    ("line", "language", "gone"), [("Advertisement", "en", True), ("Share", "en", False), ("Share", "de", True)]
)
def test_lines_that_are_a_cue_go_more_readily_where_words_are_unknown(line, language, gone):
    page = walk(f"<main><p>{SLUICE[0]}</p><div>{line}</div><p>{SLUICE[1]}</p></main>")
    table = replace(blocks_of(page), known=np.array([language == "en"]))
    assert (tie_groups(table, np.full(3, -1.0), article=0.3).tolist()[1] == SURE) is gone


def test_a_heading_goes_with_what_it_heads():
    html = f"<h2>Newsletter of 1953</h2><p>{SLUICE[0]}</p><h2>Read also</h2><p>{SLUICE[1]}</p><h2>Odd</h2><p>{SLUICE[2]}</p>"
    found = tied(html, **{"Newsletter of 1953": 2.0, SLUICE[1]: 3.0, "Odd": -2.0})
    assert found["Newsletter of 1953"] < 0
    assert found["Read also"] > 0
    assert found["Odd"] == -2


def test_the_headline_heads_no_section():
    html = f"<h1>Board repairs the old sluice</h1><p>{SLUICE[0]}</p>"
    assert tied(html, **{"Board repairs the old sluice": 2.0})["Board repairs the old sluice"] == 2


def test_a_paragraph_that_stands_twice_stays_once():
    page = walk(f"<div><p>{SLUICE[0]}</p></div><div><p>{SLUICE[0]}</p><p>{SLUICE[1]}</p></div>")
    assert tie_groups(blocks_of(page), np.full(3, -1.0)).tolist() == [-1, COPY, -1]
    assert tie_groups(blocks_of(page), np.array([1.0, -1.0, -1.0])).tolist() == [1, -1, -1]


@pytest.mark.parametrize(("printed", "value"), [(SLUICE[:2], COPY), ((SLUICE[0], SLUICE[1].upper()), -1 - CODE)])
def test_a_text_to_be_printed_is_a_copy_if_all_its_paragraphs_stand_on_the_page(printed, value):
    paragraphs = "".join(f"<p>{line}</p>" for line in SLUICE[:2])
    page = walk(f"<div>{paragraphs}</div><pre>THE SLUICE\n\n{printed[0]}\n\n{printed[1]}</pre>")
    assert tie_groups(blocks_of(page), np.full(3, -1.0)).tolist() == [-1, -1, value]


def test_a_forum_is_no_live_blog():
    posts = "".join(f"<article><h3>13.4{n}</h3><p>{line}</p></article>" for n, line in enumerate(SLUICE[:3]))
    table = blocks_of(walk(f"<main><p>Rain</p>{posts}</main>"))
    logits = np.where(table.words == 1, -1.0, -3.0)
    assert tie_groups(table, logits, article=0.3)[0] == SURE
    assert tie_groups(table, logits, article=0.3, forum=0.6)[0] < 0


def test_a_caption_goes_with_its_table():
    table = "<table><caption>Loads by year</caption><tr><td>1910</td><td>40 tons</td></tr><tr><td>1911</td><td>50 tons</td></tr></table>"
    assert tied(f"{table}<p>Rain</p>", **{"Loads by year": 1.0})["Loads by year"] < 0
    gone = dict.fromkeys(("1910", "40 tons", "1911", "50 tons"), 3.0)
    assert tied(f"{table}<p>Rain</p>", **gone)["Loads by year"] > 0


@pytest.mark.parametrize(
    ("heading", "text"),
    [("<h3>Sleep by a lamp of salt</h3>", f"{SLUICE[1]} {SLUICE[1]}"), ("<h3><a href=/lamp>Sleep by a lamp of salt</a></h3>", "Lit for two hours")],
    ids=["above prose", "that is a link"],
)  # fmt: skip
def test_a_heading_goes_with_the_card_that_it_heads(heading, text):
    after = "".join(f"<p>{SLUICE[2]} {number}</p>" for number in range(6))
    html = f"<p>{SLUICE[0]}</p><div>{heading}<p>{text}</p></div>{after}"
    name = "Sleep by a lamp of salt"
    assert tied(html, **{name: 2.0, text: 3.0})[name] == 2
    assert tied(html.replace("<div>", "").replace("</div>", ""), **{name: 2.0, text: 3.0})[name] < 0
