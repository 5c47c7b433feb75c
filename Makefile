# What a developer runs; CI runs .ci/run.
PYTHON ?= python
CORPUS ?= ../shared/corpus

.PHONY: setup check format test gate train bench

setup:
	$(PYTHON) -m pip install -e '.[dev]'
	$(PYTHON) -m pre_commit install || true
check:
	ruff format --check .
	ruff check .
	mypy
	lint-imports
format:
	ruff format .
	ruff check --fix .
test:
	$(PYTHON) -m pytest
gate:
	$(PYTHON) scripts/gate.py $(CORPUS)
train:
	$(PYTHON) scripts/train_default.py $(CORPUS)
bench:
	$(PYTHON) benchmarks/speed.py $(CORPUS)
