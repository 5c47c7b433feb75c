"""Training the reader (extra `train`): what each fold learns from, and that a run is resumed."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from noisefilter.fit import FOLDS, fold_of
from noisefilter.labels import LabelledPage, LabelledSpan
from noisefilter.learn.stages import Training
from noisefilter.learn.train import TrainingData
from noisefilter.reader import pieces, wordpiece
from noisefilter.reader.session import COLUMNS, Reader
from noisefilter.reader.wordpiece import SPECIAL
from noisefilter.types import Page
from reader_training import examples, stages
from tests.making import ARTICLE, SLUICE, article_with, vectors

torch = pytest.importorskip("torch")
training = pytest.importorskip("reader_training.readers")
base = pytest.importorskip("reader_training.base")
heads = pytest.importorskip("noisefilter.reader.heads")
network = pytest.importorskip("reader_training.network")
reader_fit = pytest.importorskip("reader_training.fit")
unlabelled = pytest.importorskip("reader_training.unlabelled")

FOREIGN = "Actress Delia Fonteyn wore sequins at her wedding in Las Vegas with singer Rico Banderas."
TINY = network.Shape(24, 2, 48, 512, 1e-5, 32, 0.1)


def random_base(shape: Any, layers: int, seed: int) -> Any:
    """A base of some shape with random numbers, and the letters as its vocabulary."""
    random = torch.Generator().manual_seed(seed)
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "¶", *letters, *(f"##{letter}" for letter in letters)]
    width, inner = shape.width, shape.inner
    shapes = {"embeddings.word_embeddings": (len(pieces), width), "embeddings.position_embeddings": (shape.places, width),
              "embeddings.token_type_embeddings": (2, width), "encoder.relative_attention_bias": (shape.buckets, shape.heads)}  # fmt: skip
    weights = {f"{name}.weight": 0.1 * torch.randn(size, generator=random) for name, size in shapes.items()}
    norms = ["embeddings.LayerNorm"]
    for layer in range(layers):
        path = f"encoder.layer.{layer}"
        norms += [f"{path}.attention.output.LayerNorm", f"{path}.output.LayerNorm"]
        for name, size in (
            *((f"attention.self.{part}", (width, width)) for part in ("query", "key", "value")),
            ("attention.output.dense", (width, width)), ("intermediate.dense", (inner, width)), ("output.dense", (width, inner)),
        ):  # fmt: skip
            weights[f"{path}.{name}.weight"] = 0.05 * torch.randn(size, generator=random)
            weights[f"{path}.{name}.bias"] = torch.zeros(size[0])
    for norm in norms:
        weights[f"{norm}.weight"], weights[f"{norm}.bias"] = torch.ones(width), torch.zeros(width)
    return base.Base(weights, pieces)


@pytest.fixture
def fit(monkeypatch, tmp_path):
    """Readers of a random base, kept in a folder."""
    monkeypatch.setattr(training, "load_base", lambda: random_base(network.MINILM, training.LAYERS, 0))
    return training.ReaderFit([Page(ARTICLE, format="text")], tmp_path)


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
    pieces = base.common_pieces(["the the the rare"], whole, fewest=2)
    assert pieces == [*SPECIAL, "##b", "a", "the"]
    rows = base.Base({}, [*whole, "the"]).rows([*pieces, "rare!"])
    assert [whole[row] for row in rows[len(SPECIAL) :]] == ["##b", "a", "the", "[UNK]"]


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


@pytest.fixture
def taught(monkeypatch, fit):
    """The same with a small teacher, one epoch each."""
    monkeypatch.setattr(training, "load_mpnet", lambda: random_base(TINY, 2, 1))
    monkeypatch.setattr(training, "MPNET", TINY)
    for name, value in (("TEACHER_LAYERS", 2), ("TEACHER_EPOCHS", 1), ("READER_EPOCHS", 1)):
        monkeypatch.setattr(training, name, value)
    return fit


def test_each_reader_with_a_teacher_follows_the_one_that_has_not_seen_its_fold(monkeypatch, taught):
    pages = [*(written(writer, 0) for writer in range(FOLDS)), judged("one.example")]
    fitted: list[tuple[int, int]] = []
    followed: list[float] = []
    phases: list[tuple[float, bool]] = []

    def noted(encoder, learned, options, **_):
        fitted.append((encoder.words.embedding_dim, len(learned)))
        if learned[-1].predicted is not None:
            followed.append(float(learned[-1].predicted.sentences[0, 0]))  # of a piece without labels
            phases.append((options.heads, encoder.layers[0].norm1.weight.requires_grad))

    monkeypatch.setattr(training, "fit_encoder", noted)
    monkeypatch.setattr(training, "export", lambda weights, *_, **__: weights["classes.bias"].tobytes())
    readers = taught.all_folds(pages, teacher=True)
    assert len(readers) == FOLDS + 1
    teachers = [count for width, count in fitted if width == TINY.width]
    assert len(teachers) == FOLDS
    vocabulary = wordpiece.Vocabulary(taught.pieces)
    size = {page.id: len(list(examples.taught_pieces([training.reader_example(page)], vocabulary))) for page in pages}
    assert teachers == [
        sum(
            size[page.id]
            for page in pages
            if page.writer != fold and (page.writer is not None or fold_of(page.site) != fold)
        )
        for fold in range(FOLDS)
    ]
    assert phases == [(5.0, False), (2.0, True)] * (FOLDS + 1)
    assert followed[-1] == pytest.approx(np.mean(followed[: 2 * FOLDS : 2]), abs=0.01)
    fitted.clear()
    assert taught.all_folds(pages, teacher=True) == readers  # resumed
    assert not fitted


def test_a_reader_learns_what_its_teacher_predicts(taught):
    """It predicts opposites for two unlabelled pieces, as its teacher does."""
    vocabulary = wordpiece.Vocabulary(taught.pieces)
    found = unlabelled.unlabelled_pieces([Page(ARTICLE, format="text")], vocabulary, random.Random(0))[:2]
    asked = []
    for place, piece in enumerate(found):
        assert (piece.foreign == examples.UNKNOWN).all()
        assert (piece.tokens == examples.UNKNOWN).all()
        sentences = np.full((len(piece.foreign), COLUMNS), -3.0, np.float16)
        sentences[:, [0, 2] if place else [1]] = 3.0
        predicted = examples.Predicted(np.full(len(piece.tokens), 3.0 if place else -3.0, np.float16), sentences)
        asked.append(piece._replace(predicted=predicted))
    encoder = network.Encoder(len(taught.pieces), 1, 0, shape=TINY)
    options = reader_fit.FitOptions(rate=3e-3, step=2)
    reader_fit.fit_encoder(encoder, asked * 150, options)
    for place, predicted in enumerate(reader_fit.predict_pieces(encoder, found, options)):
        assert ((predicted.sentences[:, 0] > 0) == bool(place)).all()
        assert (predicted.sentences[:, 1:].argmax(axis=1) == place).all()
        inside = found[place].inputs.marks[0] >= pieces.JUDGED
        assert ((predicted.tokens[inside] > 0) == bool(place)).mean() > 0.9


def test_only_what_is_above_the_frozen_layers_is_trained_at_first():
    encoder = network.Encoder(7, 2, 1)
    names = {
        name.split(".")[0] + name.split(".")[1] for name, value in encoder.named_parameters() if value.requires_grad
    }
    assert "layers1" in names
    assert not {"layers0", "wordsweight", "placesweight", "normweight"} & names
    encoder.train_lower()
    trained = {name for name, value in encoder.named_parameters() if value.requires_grad}
    assert {name for name, _ in encoder.named_parameters()} - trained == {"words.weight"}


def test_changed_texts_contain_headlines_and_sentences_of_others():
    other = Page(
        f"{FOREIGN} She left for Reno with a suitcase full of sequins and no plans. " * 3,
        title="Delia Fonteyn marries Rico Banderas",
        format="text",
    )
    page = Page("\n".join([ARTICLE] * 2), title="Sluice repaired after the long winter", format="text")
    changed = [
        str(one.content) for seed in range(30) for one in unlabelled.with_foreign([page, other], random.Random(seed))
    ]
    assert len(changed) == 30
    plain = str(page.content)
    assert all(len(text) >= len(plain) for text in changed)
    assert any("suitcase full of sequins" in text or "Fonteyn" in text for text in changed)
    assert any("elia Fonteyn marries Rico Banderas" in text for text in changed)


def test_distances_fall_into_buckets_as_in_t5():
    found = network.buckets(300, 32)
    assert found[10, 10] == 0
    assert found[10, 7] == 3
    assert found[10, 13] == 16 + 3
    assert found[299, 0] == 15
    assert found[0, 299] == 31
    assert (found[200, :200].diff() <= 0).all()


def test_mpnets_weights_get_berts_names():
    names = {
        "encoder.layer.0.attention.attn.q.weight": "encoder.layer.0.attention.self.query.weight",
        "encoder.layer.11.attention.attn.o.bias": "encoder.layer.11.attention.output.dense.bias",
        "encoder.layer.3.attention.LayerNorm.weight": "encoder.layer.3.attention.output.LayerNorm.weight",
        "encoder.layer.3.output.LayerNorm.weight": "encoder.layer.3.output.LayerNorm.weight",
    }
    assert {name: base.as_bert(name) for name in names} == names


def test_labels_and_a_teacher_count_half_each():
    labels, predicted = torch.tensor([1.0, 0.0, -1.0]), torch.tensor([0.0, 0.0, 2.0])
    assert reader_fit.between(labels, predicted).tolist() == pytest.approx([0.75, 0.25, 1 / (1 + np.exp(-2))])


def test_only_a_gpu_brings_a_teacher(monkeypatch, tmp_path):
    asked: list[bool] = []

    class Fit:
        def __init__(self, *_):
            pass

        def all_folds(self, _, *, teacher):
            asked.append(teacher)
            return [b""]

    monkeypatch.setattr(training, "ReaderFit", Fit)
    data = Training(TrainingData([], []), vectors())
    for device in ("cpu", "cuda"):
        stages.EVERY["reader"](stages.Run(data, [], tmp_path, device), stages.Learned())
    assert asked == [False, True]
