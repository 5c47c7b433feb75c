"""datatrove's documents → the same with their scores in the metadata, the dropped ones with a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noisefilter.api import score_many
from noisefilter.batches import BATCH
from noisefilter.decide import drop_reason
from noisefilter.integrations.rows import (
    COLUMNS,
    PREFIX,
    check_columns,
    check_drop,
    check_options,
    needs_extra,
    page_of,
    values_of,
)
from noisefilter.model import model_at

try:
    from datatrove.pipeline.filters.base_filter import BaseFilter
except ModuleNotFoundError as error:
    raise needs_extra(__name__) from error

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from datatrove.data import Document
    from datatrove.pipeline.writers.disk_base import DiskWriter

    from noisefilter.policy import Policy
    from noisefilter.types import Format


class NoiseFilter(BaseFilter):
    """A pipeline step that writes each document's score into its metadata, and drops what it is told to drop.

    `Document.text` is the page, HTML or plain text; `url` and `title` are read from the metadata. A dropped document
    goes to the exclusion writer with `filter_reason`: `verdict_drop`, `unscored_language` and so on.

    Args:
        drop: verdicts that are dropped; none by default, so that the step only annotates.
        columns: values of the score to write, as for `score_frame`.
        prefix: of their names in the metadata.
        replace_text: replace `Document.text` with the cleaned article, in dropped documents, too.
        format: as for `score`, like the next three.
        language: as for `score`.
        policy: as for `score`.
        thresholds: as for `score`.
        model: folder of a model; the shipped one by default.
        exclusion_writer: datatrove's writer for dropped documents.
        batch_size: documents that are scored at once.

    Raises:
        TypeError, ValueError: an invalid argument.
    """

    name = "🧹 noisefilter"

    def __init__(
        self,
        *,
        drop: Collection[str] = (),
        columns: Collection[str] = COLUMNS,
        prefix: str = PREFIX,
        replace_text: bool = False,
        format: Format = "auto",  # noqa: A002
        language: str | None = None,
        policy: Policy | str | Path | None = None,
        thresholds: Mapping[str, float] | None = None,
        model: str | Path | None = None,
        exclusion_writer: DiskWriter | None = None,
        batch_size: int = BATCH,
    ) -> None:
        super().__init__(exclusion_writer, batch_size)
        self.drop = check_drop(drop)
        self.columns = check_columns(columns)
        self.prefix = prefix
        self.replace_text = replace_text
        self.format = format
        self.language = language
        self.policy = policy
        self.thresholds = dict(thresholds or {})
        self.model = model
        check_options(format, thresholds, policy)

    def filter(self, doc: Document) -> bool | tuple[bool, str]:
        """True if a document is kept, else False and the reason."""
        return self.filter_batch([doc])[0]

    def filter_batch(self, batch: list[Document]) -> list[bool | tuple[bool, str]]:
        """For each document True if it is kept, else False and the reason; writes the scores into the metadata."""
        pages = [
            page_of(doc.text, doc.metadata.get("url"), doc.metadata.get("title"), self.format, f"document {doc.id!r}")
            for doc in batch
        ]
        scores = list(
            score_many(
                pages,
                language=self.language,
                policy=self.policy,
                thresholds=self.thresholds,
                model=model_at(self.model),
            )
        )
        results: list[bool | tuple[bool, str]] = []
        for doc, score in zip(batch, scores, strict=True):
            doc.metadata.update(values_of(score, self.columns, self.prefix))
            if self.replace_text:
                doc.text = score.text
            reason = drop_reason(score, self.drop)
            results.append((False, reason) if reason else True)
        return results
