# `make demo` and `make test` do everything on a machine with Python >= 3.11; see README.md.
PYTHON ?= python3
CORES ?= all
STUDY ?= .
BIN := .venv/bin
ACTIVATE := . $(BIN)/activate

.PHONY: demo plan bench gpu-check test test-fast test-cluster lint environment lock clean

demo: environment
	$(ACTIVATE) && snakemake --cores $(CORES) --quiet rules --directory studies/demo all
	@echo
	@echo "Three things to look at:"
	@echo "  everything on one page  file://$(CURDIR)/studies/demo/results/index.html"
	@echo "  the verdicts            $(CURDIR)/studies/demo/results/claims.md"
	@echo "  the figures             $(CURDIR)/studies/demo/results/fig1.pdf ... table7.pdf"
	@$(ACTIVATE) && if python -c "import webbrowser; webbrowser.get()" 2>/dev/null; then \
		echo "A browser of this machine opens the first:"; \
		echo "  $(ACTIVATE) && python -m webbrowser file://$(CURDIR)/studies/demo/results/index.html"; \
	else \
		echo "No browser is on this machine: copy the first to one that has one; it needs no other file."; \
	fi
	@echo "A second demo, of the companion papers, in a few minutes more:"
	@echo "  $(ACTIVATE) && snakemake --cores $(CORES) --directory studies/companions_demo all"

# What a study will take, before anything is started: make plan STUDY=studies/demo
plan: environment
	@$(ACTIVATE) && python -m dmvi plan --folder $(STUDY)

# How fast it is, as ratios to stated references: about ten minutes on two idle cores.
bench: environment
	$(ACTIVATE) && python benchmarks/run.py --output results/bench

# On a machine with a GPU: is everything ready for it, and how fast is it? 25 minutes at most; started
# again, it goes on.
gpu-check: environment
	$(ACTIVATE) && python benchmarks/gpu_check.py --output results/gpu

test: environment
	$(ACTIVATE) && python -m pytest -n 2 --dist loadgroup -q

test-fast: environment
	$(ACTIVATE) && python -m pytest -n 2 --dist loadgroup -q -m "not slow"

# On a Slurm of its own, which it installs, starts and stops; as root, on Debian. About eight minutes.
test-cluster: environment
	$(ACTIVATE) && tests/cluster/run

lint: environment
	$(ACTIVATE) && ruff check . && ruff format --check . && snakefmt --check Snakefile workflow
	$(ACTIVATE) && snakemake --lint

environment: .venv/installed

# Rebuilt when the lock changes. The marker is written last, so that a broken install is redone.
.venv/installed: envs/lock.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		(echo "$(PYTHON) is older than 3.11; run: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; false)
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --requirement envs/lock.txt
	$(BIN)/pip install --quiet --no-deps --editable .
	touch $@

# Needs pip-tools. Afterwards the pins are copied into the conda environment. Then, with them installed:
# python -m dmvi licences --output envs/licences.tsv
lock:
	cd envs && pip-compile --quiet --strip-extras --no-header --no-annotate --no-emit-index-url \
		--no-emit-find-links --no-emit-trusted-host --output-file lock.txt requirements.in
	cd envs && { sed '/^  - pip:/q' environment.yaml; sed -n '/==/s/^/      - /p' lock.txt; } > environment.new
	mv envs/environment.new envs/environment.yaml

clean:
	rm -rf .venv studies/demo/results studies/demo/.snakemake \
		studies/companions_demo/results studies/companions_demo/.snakemake
