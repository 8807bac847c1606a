# Every target is one line over the command line tool; the rule at the end sets up .venv.
.PHONY: help demo test golden lint clean
BIN := .venv/bin
PYTHON ?= python3

help:  ## what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/  /'

demo: .venv/ready  ## simulate a survey and a panel, run everything into outputs/
	@$(BIN)/themadossier demo

test: .venv/ready  ## all checks and tests
	@$(BIN)/ruff check . && $(BIN)/ruff format --check -q . && $(BIN)/mypy && $(BIN)/lint-imports --no-logo && $(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder

golden: .venv/ready  ## only the reference results of R survey
	@$(BIN)/pytest -m golden

lint: .venv/ready  ## only style, types and import rules
	@$(BIN)/ruff check . && $(BIN)/ruff format --check -q . && $(BIN)/mypy && $(BIN)/lint-imports --no-logo

clean:  ## remove the environment and everything runs have made
	@rm -rf .venv store inbox outputs/*/

.venv/ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if (3, 11) <= v < (3, 14) else "Python 3.11, 3.12 or 3.13 is needed, this is %d.%d. Run: make PYTHON=python3.12 ..." % v[:2])'
	@echo "Setting up .venv (about a minute)"
	@$(PYTHON) -m venv .venv
	@if $(BIN)/python -m pip install -q --disable-pip-version-check uv; then $(BIN)/uv pip install -q --python $(BIN)/python -e '.[dev]' -c constraints.txt; else $(BIN)/python -m pip install -q --disable-pip-version-check -e '.[dev]' -c constraints.txt; fi
	@touch $@
