# What a developer runs; CI runs .ci/run.
PYTHON ?= python
CORPUS ?= ../shared/corpus
# Pages and seed of `make fuzz`; a run that is stopped goes on when it is called again.
N ?= 2000
SEED ?= 1

.PHONY: setup check format test docs fuzz gate train bench

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
	$(PYTHON) -m pytest -n auto --dist loadfile
docs:
	$(PYTHON) -m mkdocs build --strict
fuzz:
	$(PYTHON) -m tests.fuzz --pages $(N) --seed $(SEED) --log fuzz-$(SEED).jsonl
gate:
	$(PYTHON) scripts/gate.py $(CORPUS)
train:
	$(PYTHON) scripts/train_default.py $(CORPUS)
	$(PYTHON) scripts/write_figures.py
bench:
	$(PYTHON) benchmarks/speed.py $(CORPUS)
