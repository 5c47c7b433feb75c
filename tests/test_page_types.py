"""Page types: what a head declares, how signs are read, and what is learned from them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.linear_model import LogisticRegression

from noisefilter.blocks.columns import block_matrix
from noisefilter.blocks.fit_page_types import fit_page_types, sign_rows
from noisefilter.blocks.page_types import SIGNS, TYPE_MEASURES, build_types, of_blocks, page_signs
from noisefilter.fit import fit_softmax
from noisefilter.types import PAGE_TYPES
from tests.making import HTML_ARTICLE, SLUICE, blocks_of, walk

if TYPE_CHECKING:
    from noisefilter.arrays import Arrays
    from noisefilter.blocks.table import BlockTable

SHOP = "<h1>Oak boat hook {0}</h1><p>Price: $3{0}.00</p><button>Add to cart</button><p>In stock, free shipping</p>"
NEWS = "<article><h1>{1}</h1><p>{1}</p><p>{2}</p></article>"


def declared(head: str) -> tuple[str, ...]:
    """What a page with this head declares."""
    return walk(f"<html><head>{head}</head><body><p>Rain.</p></body></html>").declared


@pytest.mark.parametrize(
    ("head", "signs"),
    [
        ('<meta property="og:type" content=" Article ">', {"meta og:type", "og:type article"}),
        ('<meta name="generator" content="WordPress 6.4">', {"meta generator", "generator wordpress"}),
        ('<meta name="description" content="Rain at noon">', {"meta description"}),
        ('<script type="application/ld+json">{"@type": "Product"}</script>', {"schema product"}),
        (
            '<script type="application/ld+json">{"@type":["WebPage","https://schema.org/FAQPage"]}</script>',
            {"schema webpage", "schema faqpage"},
        ),
        ('<script>{"@type": "Product"}</script>', set()),
        ('<meta itemscope itemtype="http://schema.org/Product/">', {"schema product"}),
        (
            '<link rel="canonical" href="https://quay.example/docs/set-up/">',
            {"parts 2", "path docs", "words 2", "page set", "page up"},
        ),
        ('<link rel="canonical" href="https://quay.example/">', {"parts 0"}),
        ('<link rel="canonical" href="http://[quay">', set()),
        ('<link rel="alternate" href="https://quay.example/feed">', set()),
    ],
)
def test_a_head_declares_types_metadata_and_a_path(head: str, signs: set[str]):
    assert set(declared(head)) == signs


def test_an_address_of_open_graph_is_read_where_there_is_no_canonical_one():
    given = '<meta property="og:url" content="https://quay.example/shop">'
    assert "page shop" in declared(given)
    assert "page shop" not in declared(f'{given}<link rel="canonical" href="https://quay.example/blog">')


def test_each_kind_of_signs_counts_by_its_weight_however_many_a_page_has():
    few, many = (blocks_of(walk(f"<h1>Sluice</h1><p>{text}</p>")) for text in (SLUICE[0], "</p><p>".join(SLUICE)))
    total = sum(kind.weight for name, kind in SIGNS.items() if name != "declared")
    for table in (few, many):
        assert np.square(page_signs(table)[1]).sum() == pytest.approx(total)


def test_words_of_another_language_are_no_signs():
    table = blocks_of(walk(HTML_ARTICLE))
    unknown = replace(table, known=np.zeros(1, np.bool_))
    kinds = [
        name for name, kind in SIGNS.items() if len(kind.read(table).hashes) and not len(kind.read(unknown).hashes)
    ]
    assert kinds == ["words", "title"]


def fit_types(tables: list[BlockTable], types: list[str]) -> Arrays:
    """The classifier of pages of one site each."""
    return fit_page_types(tables, types, range(len(tables)))[1]


def named(arrays: Arrays, table: BlockTable) -> str:
    """The likeliest type."""
    return PAGE_TYPES[
        int(np.argmax(build_types(arrays).log_probabilities(table, of_blocks(block_matrix(table), table.words))))
    ]


def test_a_type_carries_over_to_sites_that_taught_nothing():
    pages = [("product", SHOP.format(n)) for n in range(6)]
    pages += [("article", NEWS.format(n, *SLUICE[n : n + 2])) for n in range(6)]
    tables = [blocks_of(walk(html)) for _, html in pages]
    arrays = fit_types(tables, [name for name, _ in pages])
    assert [named(arrays, table) for table in tables] == [name for name, _ in pages]
    other = blocks_of(walk("<h1>Brass cleat</h1><p>Price: $12.50</p><button>Add to cart</button>"))
    assert named(arrays, other) == "product"


def test_pages_of_one_type_teach_that_every_page_is_an_article():
    table = blocks_of(walk(SHOP.format(1)))
    assert named(fit_types([table], ["article"]), table) == "article"


def test_a_page_of_an_unknown_type_teaches_nothing():
    shop, news = (blocks_of(walk(html)) for html in (SHOP.format(1), HTML_ARTICLE))
    known = fit_types([shop, news], ["product", "article"])
    both = fit_types([shop, news, shop], ["product", "article", "unknown"])
    assert all((known[name] == both[name]).all() for name in known)


def test_the_passes_learn_from_types_that_the_page_has_not_taught():
    tables = [blocks_of(walk(html)) for html in (SHOP.format(1), HTML_ARTICLE, SHOP.format(2))]
    types, folds = ["product", "article", "product"], [0, 1, 2]
    logs, _ = fit_page_types(tables, types, folds)
    without = build_types(fit_types(tables[1:], types[1:]))
    features = of_blocks(block_matrix(tables[0]), tables[0].words)
    assert logs[0] == pytest.approx(without.log_probabilities(tables[0], features))


def test_log_probabilities_add_up_and_a_page_without_blocks_has_them_too():
    pages = [blocks_of(walk(html)) for html in (SHOP.format(1), HTML_ARTICLE, "<main></main>")]
    classifier = build_types(fit_types(pages[:2], ["product", "article"]))
    for table in pages:
        logs = classifier.log_probabilities(table, of_blocks(block_matrix(table), table.words))
        assert np.exp(logs).sum() == pytest.approx(1, abs=0.01)


def test_a_softmax_over_columns_and_signs_is_one_regression():
    chance = np.random.default_rng(0)
    matrix, signs = chance.normal(size=(60, 4)), sp.csr_matrix(chance.normal(size=(60, 5)))
    classes = np.argmax(matrix[:, :3] + signs.toarray()[:, :3], axis=1)
    weights = chance.uniform(0.5, 2, 60)
    network, by_sign = fit_softmax(matrix, signs, classes, weights, alpha=0.5, classes_in_all=3)
    standard = (matrix - matrix.mean(axis=0)) / matrix.std(axis=0) / 2  # four columns count as one sign
    both = np.hstack([standard, signs.toarray()])
    whole = LogisticRegression(C=2, tol=1e-8, max_iter=5000).fit(both, classes, sample_weight=weights)
    logs = np.log(network.probabilities(matrix)) + signs @ by_sign
    found = np.exp(logs) / np.exp(logs).sum(axis=1)[:, None]
    assert found == pytest.approx(whole.predict_proba(both), abs=1e-3)


def test_the_matrix_of_signs_has_the_rows_that_pages_are_judged_by():
    tables = [blocks_of(walk(html)) for html in (SHOP.format(1), HTML_ARTICLE)]
    rows, values = page_signs(tables[1])
    expected = np.zeros(sign_rows(tables).shape[1])
    np.add.at(expected, rows, values)
    assert sign_rows(tables)[1].toarray()[0] == pytest.approx(expected)
    assert len(TYPE_MEASURES) == 3 * block_matrix(tables[0]).shape[1]
