"""Pages made for training: the same for a seed, and true to what was put where."""

from __future__ import annotations

import re

import numpy as np
import pytest

from noisefilter.features.insertions import insertion_matrix, insertion_table
from noisefilter.features.sentence_table import sentence_table
from noisefilter.training.casing import sentence_case, title_case
from noisefilter.training.estimators import fold_of
from noisefilter.training.hosts import Host, html_host, text_host
from noisefilter.training.insertions import PARTS, insertion_example, make_examples
from noisefilter.training.splicing import SORTS, InsertionMaker
from noisefilter.training.wordings import part_of, split_of, wordings
from tests.making import SLUICE, vectors, walk

SPLITS = ("train", "tune", "val")
HEADLINES = (
    "Rico Banderas Drops Surprise Album With Delia Fonteyn",
    "Seven Air Fryers Compared For Crispy Chicken Wings",
    "Crypto Token Lumora Soars After Whale Moves Wallet",
)
OTHER = (
    "The museum of Strand shows ninety drawings by the botanist Ida Moe until the end of May.",
    "Moe drew every moss that she found between 1902 and 1931, most of them on the island of Hallum.",
    "The drawings lay in a trunk in the attic of the parish until a roofer came upon them.",
    "Curator Nils Aas has hung them by altitude, so that visitors climb as Moe once did.",
)


def plain_host(lines=SLUICE, site="quay.example") -> Host:
    host = text_host("\n".join(lines), f"Title of {site}", site)
    assert host is not None
    return host


def marked_host() -> Host:
    body = "".join(
        f"<p>{line.replace('board', '<a href=/board>board</a>', 1).replace('gates', '<a href=/gates>gates</a>', 1)}</p>"
        for line in SLUICE
    )
    page = walk(f"<h1>Board repairs sluice</h1>{body}")
    host = html_host(page, [True] * len(page.blocks), "quay.example")
    assert host is not None
    return host


def maker(seed: int = 0, split: str = "train") -> InsertionMaker:
    hosts = [plain_host(), plain_host(OTHER, "strand.example")]
    return InsertionMaker(hosts, HEADLINES, wordings(split), vectors(), seed)


def bare_words(text: str) -> set[str]:
    """Words without case and punctuation: a splice may lower a first letter or take the place of a comma."""
    return {word.strip(",.;:()").lower() for word in text.split()}


def made(seed: int, host: Host, rounds: int = 20):
    one = maker(seed)
    return [one.make(host) for _ in range(rounds)]


@pytest.mark.parametrize("host", [plain_host(), marked_host()], ids=["text", "html"])
def test_a_seed_makes_the_same_pages(host):
    assert made(3, host) == made(3, host)
    assert made(3, host) != made(4, host)


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("split", SPLITS)
def test_an_inserted_range_quotes_what_was_inserted_and_nothing_else(sort, split):
    one = maker(1, split)
    found = 0
    for _ in range(12):
        page, ranges = one.make(plain_host(), 2, [sort])
        for one_range in ranges:
            quote = page.text[one_range.start : one_range.end]
            assert quote == quote.strip() != ""
            assert one_range.sort == sort
            if sort in {"sentence", "paragraph"}:
                assert any(quote in line or line in quote for line in OTHER)
            found += 1
    assert found >= 12


def test_taking_out_what_was_put_in_leaves_the_words_of_the_host():
    host = plain_host()
    for seed in range(40):
        page, ranges = maker(seed).make(host, 2, ["paragraph", "sentence", "label_line"])
        rest = "".join(
            sign for place, sign in enumerate(page.text) if not any(own.start <= place < own.end for own in ranges)
        )
        assert bare_words(" ".join(SLUICE)) <= bare_words(rest)


def test_a_headline_is_spliced_into_a_sentence_of_the_host():
    one = maker(5)
    page, ranges = one.make(plain_host(), 3, ["splice"])
    assert len(ranges) == 3
    titles = {word.lower() for headline in HEADLINES for word in headline.split()}
    for own in ranges:
        words = {word.strip(",.()?—–\"'“”").lower() for word in page.text[own.start : own.end].split()}
        assert len(titles & words) >= 3


def test_a_host_that_is_left_alone_keeps_every_word():
    one = maker(6)
    for _ in range(20):
        page, ranges = one.make(plain_host(), 0)
        assert ranges == ()
        assert bare_words(" ".join(SLUICE)) <= bare_words(page.text)


def test_links_move_with_their_text():
    one = maker(7)
    host = marked_host()
    own = {"/board": "board", "/gates": "gates"}
    seen = 0
    for _ in range(60):
        page, _ranges = one.make(host, 3)
        for block in page.blocks:
            assert page.text[block.start : block.end].strip()
            for link in block.links:
                quote = page.text[link.start : link.end]
                assert block.start <= link.start < link.end <= block.end
                if link.href in own:
                    assert quote == own[link.href]
                    seen += 1
                else:
                    assert quote == quote.strip()
    assert seen > 100


def test_an_inserted_link_lies_inside_its_insertion():
    one = InsertionMaker(maker().hosts, HEADLINES, wordings("train"), vectors(), 8, decoys=False)
    host = marked_host()
    found = 0
    for _ in range(40):
        page, ranges = one.make(host, 2, ["splice", "paid_link", "label_line"])
        for block in page.blocks:
            for link in block.links:
                if link.href not in {"/board", "/gates"}:
                    assert any(own.start <= link.start < link.end <= own.end for own in ranges), page.text
                    found += 1
    assert found > 10


def test_plain_pages_have_no_links():
    one = maker(9)
    for host in (plain_host(), marked_host()):
        for _ in range(20):
            page, ranges = one.make(host, 2, as_html=False)
            assert not page.is_html
            assert all(not block.links for block in page.blocks)
            assert not any(own.linked for own in ranges)


def test_a_plain_host_gets_honest_links_where_it_is_made_html():
    one = maker(12)
    anchors = [
        page.text[link.start : link.end]
        for page, _ in (one.make(plain_host(), 0, as_html=True) for _ in range(30))
        for block in page.blocks
        for link in block.links
    ]
    assert len(anchors) > 20
    assert sum(anchor in " ".join(SLUICE) for anchor in anchors) > 0.7 * len(anchors)


def test_a_headline_is_written_as_asked():
    headline = "Rico Banderas Drops Surprise Album In NATO Town"
    assert sentence_case(headline, vectors()) == "Rico Banderas drops surprise album in NATO town"
    assert title_case("what rain does to an old sluice") == "What Rain Does to an Old Sluice"


def test_a_passage_that_speaks_of_what_the_host_speaks_of_is_not_foreign():
    one = InsertionMaker([plain_host(), plain_host(SLUICE, "copy.example")], HEADLINES, wordings("train"), vectors())
    copy = Host("Another title", (*plain_host().lines, ("A last line.", ())), "quay.example")
    for _ in range(10):
        assert one.make(copy, 1, ["sentence"])[1] == ()


def test_a_text_of_a_few_lines_is_no_host():
    assert text_host("\n".join(SLUICE[:3]), None, "quay.example") is None
    assert text_host("\n".join(["Rain"] * 20), None, "quay.example") is None


def test_the_truth_of_an_example_is_where_the_ranges_are():
    page, ranges = maker(10).make(plain_host(), 2, ["splice"])
    example = insertion_example(page, ranges, "quay.example")
    table = insertion_table(sentence_table([example.article(vectors())], vectors()), vectors())
    assert example.foreign.sum() == len(ranges) == 2
    assert len(insertion_matrix(table)) == len(example.foreign)
    for row in np.flatnonzero(example.foreign):
        start, end = table.sentences.start[row], table.sentences.end[row]
        assert any(own.start < end and start < own.end for own in ranges)


def test_a_training_page_has_wordings_of_its_part_only():
    sites = [f"site{number}.example" for number in range(12)]
    hosts = [plain_host(lines, site) for site in sites for lines in (SLUICE, OTHER)]
    anchors = [{text for text, _ in wordings("train", part, PARTS).anchors} for part in range(PARTS)]
    longest = [{text for text in own if len(text) > 14} for own in anchors]
    seen = 0
    for example in make_examples(hosts, HEADLINES, "train", vectors()):
        for own in example.ranges:
            if own.sort == "paid_link":
                quote = example.page.text[own.start : own.end]
                parts = [part for part in range(PARTS) if any(text in quote for text in longest[part])]
                assert fold_of(example.site, PARTS) in parts or not parts
                seen += bool(parts)
    assert seen > 5


def test_pages_that_calibrate_are_as_real_ones_where_nothing_was_put_in():
    hosts = [plain_host(lines, f"site{number}.example") for number in range(12) for lines in (SLUICE, OTHER)]
    own = {word for host in hosts for word in " ".join([*SLUICE, *OTHER, host.title or ""]).split()}
    found = {}
    for split in ("train", "tune"):
        pages = [example.page for example in make_examples(hosts, HEADLINES, split, vectors()) if not example.ranges]
        found[split] = [set(page.text.split()) <= own for page in pages]
    assert len(found["tune"]) > 5
    assert all(found["tune"])
    assert not all(found["train"])


@pytest.mark.parametrize("name", ["splices", "paid_links", "decoys", "label_lines", "sponsors", "anchors"])
def test_the_parts_of_training_share_no_wording_and_leave_none_out(name):
    parts = [set(getattr(wordings("train", part, PARTS), name)) for part in range(PARTS)]
    assert all(parts)
    assert sum(map(len, parts)) == len(set().union(*parts))
    keys = {part_of(f"headline {number}", PARTS) for number in range(50)}
    assert keys == set(range(PARTS))


@pytest.mark.parametrize(
    "name", ["splices", "paid_links", "decoys", "label_lines", "block_labels", "sponsors", "asides", "anchors"]
)
def test_no_wording_is_in_two_splits(name):
    seen = [set(getattr(wordings(split), name)) for split in SPLITS]
    assert all(seen), "each split has wordings of its own"
    assert not seen[0] & seen[1]
    assert not seen[1] & seen[2]
    assert not seen[0] & seen[2]


@pytest.mark.parametrize("name", ["splices", "paid_links", "decoys"])
def test_whole_families_stay_in_a_split(name):
    families = [{wording.family for wording in getattr(wordings(split), name)} for split in SPLITS]
    assert sum(map(len, families)) == len(set().union(*families))
    for split, of_split in zip(SPLITS, families, strict=True):
        assert {split_of(family) for family in of_split} <= {split}


def test_most_wordings_train():
    counts = [len(wordings(split).splices) for split in SPLITS]
    assert counts[0] > counts[1]
    assert counts[0] > counts[2]


def test_every_wording_has_its_slot_and_a_place():
    for split in SPLITS:
        words = wordings(split)
        for slot, patterns in (
            ("{headline}", words.splices),
            ("{anchor}", words.paid_links),
            ("{phrase}", words.decoys),
        ):
            assert [wording for wording in patterns if slot not in wording.pattern] == []
            assert {wording.place for wording in patterns} <= {"end", "middle", "start", "sentence"}
        assert [line for line in words.label_lines if "{headline}" not in line] == []


def test_composed_wordings_are_for_training_only_and_stand_in_no_wording_held_out():
    for split in ("tune", "val"):
        held = wordings(split)
        assert not held.composed_splices
        assert not held.composed_paid_links
        listed = [wording.pattern.lower() for wording in (*held.splices, *held.paid_links, *held.decoys)]
        listed += [line.lower() for line in held.label_lines]
        for wording in (*wordings("train").composed_splices, *wordings("train").composed_paid_links):
            part = re.compile(rf"\b{re.escape(wording.family.lower())}\b")
            assert not any(part.search(line) for line in listed), wording.family


def test_parts_share_no_composed_wording():
    families = [
        {wording.family for wording in (*own.composed_splices, *own.composed_paid_links)}
        for own in (wordings("train", part, PARTS) for part in range(PARTS))
    ]
    assert all(len(own) > 10 for own in families)
    assert sum(map(len, families)) == len(set.union(*families))
