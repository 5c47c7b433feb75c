"""The tables of docs/figures.md are those that scripts/write_figures.py writes."""

from __future__ import annotations

import pytest
import write_figures
from write_figures import ALL, END, PAGE, START, Table, read_figures, renew, write_tables

from tests.making import TESTS


def test_the_page_holds_what_the_script_writes():
    page = PAGE.read_text(encoding="utf8")
    assert page.count(START) == page.count(END) == 1
    assert renew(page, write_tables(read_figures(TESTS.parent / "models"))) == page


def test_each_model_is_a_column_and_a_missing_figure_a_dash(monkeypatch):
    several = Table("Types", "By type.", "extraction", {"f1": "F1"}, "pages")
    one = Table("Noise", "All.", "noise", {"auc": "AUC"}, "articles", (ALL,))
    monkeypatch.setattr(write_figures, "TABLES", (several, one))
    models = {
        "default": {"extraction": {"all": {"pages": 2, "f1": 0.5}, "forum": {"pages": 1, "f1": 0.25}}, "noise": {}},
        "fast": {"extraction": {"all": {"pages": 2, "f1": 0.75}}, "noise": {"all": {"articles": 3, "auc": 0.875}}},
    }
    lines = write_tables(models).splitlines()
    assert "| all | 2 | 0.500 | 0.750 |" in lines
    assert "| forum | 1 | 0.250 | – |" in lines
    assert "| 3 articles | `default` | `fast` |" in lines
    assert "| AUC | – | 0.875 |" in lines


def test_a_table_whose_figures_no_model_has_is_an_error(monkeypatch):
    monkeypatch.setattr(write_figures, "TABLES", (Table("Noise", "All.", "noise", {"auc": "AUC"}, "articles", (ALL,)),))
    with pytest.raises(KeyError, match="no model has figures"):
        write_tables({"default": {"noise": {"all": {"articles": 3}}}})
