"""datatrove's documents → the same with their scores in the metadata, the dropped ones with a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noisefilter.batches import BATCH
from noisefilter.decide import drop_reason
from noisefilter.integrations.rows import COLUMNS, PREFIX, Scoring, check_drop
from noisefilter.types import needs_extra

try:
    from datatrove.pipeline.filters.base_filter import BaseFilter
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(needs_extra(__name__, "datatrove", "datatrove")) from error

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
        self.replace_text = replace_text
        self.scoring = Scoring(
            columns=columns,
            prefix=prefix,
            format=format,
            language=language,
            policy=policy,
            thresholds=thresholds,
            model=model,
        )

    def filter(self, doc: Document) -> bool | tuple[bool, str]:
        """True if a document is kept, else False and the reason."""
        return self.filter_batch([doc])[0]

    def filter_batch(self, batch: list[Document]) -> list[bool | tuple[bool, str]]:
        """For each document True if it is kept, else False and the reason; writes the scores into the metadata."""
        pages = [
            self.scoring.page(doc.text, doc.metadata.get("url"), doc.metadata.get("title"), f"document {doc.id!r}")
            for doc in batch
        ]
        results: list[bool | tuple[bool, str]] = []
        for doc, score in zip(batch, self.scoring.scores(pages), strict=True):
            doc.metadata.update(self.scoring.values(score))
            if self.replace_text:
                doc.text = score.text
            reason = drop_reason(score, self.drop)
            results.append((False, reason) if reason else True)
        return results
