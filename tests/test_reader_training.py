"""Training the reader (extra `train`): what each fold learns from, and that a run is resumed."""

from __future__ import annotations

import numpy as np
import pytest

from noisefilter.fit import FOLDS, fold_of
from noisefilter.labels import LabelledPage, LabelledSpan
from noisefilter.reader.session import Reader
from noisefilter.reader.wordpiece import SPECIAL
from noisefilter.types import Page
from tests.making import ARTICLE, SLUICE, article_with

torch = pytest.importorskip("torch")
training = pytest.importorskip("noisefilter.learn.reader")
base = pytest.importorskip("noisefilter.reader.base")
heads = pytest.importorskip("noisefilter.reader.heads")

FOREIGN = "Actress Delia Fonteyn wore sequins at her wedding in Las Vegas with singer Rico Banderas."
WIDTH, INNER, PLACES = 384, 1536, 512


def tiny_base():
    """MiniLM's shapes with random numbers, and the letters as its vocabulary."""
    random = torch.Generator().manual_seed(0)
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "¶", *letters, *(f"##{letter}" for letter in letters)]
    shapes = {"embeddings.word_embeddings": (len(pieces), WIDTH), "embeddings.position_embeddings": (PLACES, WIDTH),
              "embeddings.token_type_embeddings": (2, WIDTH)}  # fmt: skip
    weights = {f"{name}.weight": 0.1 * torch.randn(shape, generator=random) for name, shape in shapes.items()}
    norms = ["embeddings.LayerNorm"]
    for layer in range(training.LAYERS):
        path = f"encoder.layer.{layer}"
        norms += [f"{path}.attention.output.LayerNorm", f"{path}.output.LayerNorm"]
        for name, shape in (
            *((f"attention.self.{part}", (WIDTH, WIDTH)) for part in ("query", "key", "value")),
            ("attention.output.dense", (WIDTH, WIDTH)), ("intermediate.dense", (INNER, WIDTH)), ("output.dense", (WIDTH, INNER)),
        ):  # fmt: skip
            weights[f"{path}.{name}.weight"] = 0.05 * torch.randn(shape, generator=random)
            weights[f"{path}.{name}.bias"] = torch.zeros(shape[0])
    for norm in norms:
        weights[f"{norm}.weight"], weights[f"{norm}.bias"] = torch.ones(WIDTH), torch.zeros(WIDTH)
    return base.Base(weights, pieces)


@pytest.fixture
def fit(monkeypatch, tmp_path):
    """Readers of a random base, kept in a folder."""
    monkeypatch.setattr(training, "load_base", tiny_base)
    return training.ReaderFit([ARTICLE], tmp_path)


def written(writer: int, number: int) -> LabelledPage:
    text = article_with(FOREIGN)
    span = LabelledSpan(text.index(FOREIGN), text.index(FOREIGN) + len(FOREIGN), "off_topic")
    page = Page(text, title=f"Sluice {number}", format="text")
    return LabelledPage(f"{writer}-{number}", page, f"{number}.example", "own", spans=(span,), writer=writer)


def judged(site: str) -> LabelledPage:
    ranges = [
        (ARTICLE.index(line), ARTICLE.index(line) + len(line), "IF"[place % 2]) for place, line in enumerate(SLUICE)
    ]
    return LabelledPage(site, Page(ARTICLE, format="text"), site, "own", sentences=tuple(ranges))


def test_each_fold_learns_from_all_but_its_writer_and_its_sites(monkeypatch, fit):
    pages = [
        *(written(writer, 0) for writer in range(FOLDS + 3)),
        *(judged(f"{number}.example") for number in range(9)),
    ]
    untouched = LabelledPage("plain", Page(ARTICLE, format="text"), "plain.example", "own", spans=())
    asked: list[list[str]] = []

    def taught(chosen, *_):
        asked.append([page.id for page in chosen])
        return []

    monkeypatch.setattr(training, "_taught", taught)
    monkeypatch.setattr(training, "fit_encoder", lambda *_, **__: None)
    assert len(fit.all_folds([*pages, untouched])) == FOLDS + 1
    assert len(asked) == FOLDS
    for fold, learned in enumerate(asked):
        assert learned == [
            page.id for page in pages if page.writer != fold and (page.writer is not None or fold_of(page.site) != fold)
        ]


def test_the_reader_that_ships_has_the_mean_of_the_weights_of_the_folds(monkeypatch, fit):
    pages = [written(writer, 0) for writer in range(FOLDS)]
    shifts = iter([0.0, 1.0, 4.0, 9.0, 16.0])

    def shifted(encoder, *_, **__):
        encoder.classes.bias.data += next(shifts)

    monkeypatch.setattr(training, "fit_encoder", shifted)
    biases = [heads.head_of(network)[1][0] for network in fit.all_folds(pages)]
    assert biases[FOLDS - 1] == pytest.approx(biases[0] + 16, rel=1e-5)
    assert biases[FOLDS] == pytest.approx(biases[0] + 6, rel=1e-5)


def test_a_run_that_was_broken_off_is_resumed_with_the_readers_that_are_done(monkeypatch, fit):
    pages = [written(writer, 0) for writer in range(FOLDS)]
    monkeypatch.setattr(training, "fit_encoder", lambda *_, **__: None)
    first = fit.all_folds(pages)
    next(fit.kept.glob("reader-without-2-*.safetensors")).unlink()
    fitted: list[int] = []
    monkeypatch.setattr(training, "fit_encoder", lambda *_, **__: fitted.append(1))
    assert fit.all_folds(pages) == first
    assert fitted == [1]
    fit.all_folds([*pages, written(0, 1)])
    assert len(fitted) == FOLDS  # all but the fold that leaves writer 0 out


def test_a_reader_learns_what_is_foreign_and_the_network_that_ships_says_the_same(fit):
    pages = [written(0, number) for number in range(6)]
    network = Reader(fit.network(fit.fit(pages, "tiny")))
    assert network.vocabulary.pieces[: len(SPECIAL)] == SPECIAL
    text = article_with(FOREIGN)
    ranges = [(text.index(line), text.index(line) + len(line)) for line in (*SLUICE, FOREIGN)]
    said = network.read(text, "Sluice 0", sorted(ranges))
    assert np.isfinite(said.sentences).all()
    assert said.words.shape == said.word_start.shape


def test_what_learns_is_what_a_letter_of_the_votes_says():
    example = training.reader_example(judged("one.example"))
    assert example.classes is not None
    assert example.classes[:, 0].tolist() == [1, 0, 1, 0, 1, 0, 1, 0, 1]
    assert example.classes[:, 1].tolist() == [0, 1, 0, 1, 0, 1, 0, 1, 0]
    assert not example.foreign


def test_passages_are_foreign_or_honest_by_their_kind():
    example = training.reader_example(written(3, 0))
    assert [example.text[start:end] for start, end in example.foreign] == [FOREIGN]
    assert not example.honest


def test_the_vocabulary_keeps_common_pieces_and_single_signs():
    whole = ["[PAD]", "[UNK]", "the", "rare", "a", "##b", "é"]
    pieces, rows = base.common_pieces(["the the the rare"], whole, fewest=2)
    assert pieces == [*SPECIAL, "##b", "a", "the"]
    assert [whole[row] for row in rows[len(SPECIAL) :]] == ["##b", "a", "the"]


def test_a_reader_that_was_half_written_is_fitted_again(monkeypatch, fit):
    def breaks_off(_, path):
        path.write_bytes(b"half")
        raise OSError

    monkeypatch.setattr(training, "fit_encoder", lambda *_, **__: None)
    with monkeypatch.context() as full:
        full.setattr(training, "save_file", breaks_off)
        with pytest.raises(OSError):  # noqa: PT011 - of the disk
            fit.fit([written(0, 0)], "broken")
    assert "classes.bias" in fit.fit([written(0, 0)], "broken")
