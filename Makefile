# Two commands do all the set-up on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
BIN = .venv/bin
# PyPI alone: a torch wheel lying about on a machine must not be taken.
CLEAN = env -u PIP_FIND_LINKS -u UV_FIND_LINKS PIP_CONFIG_FILE=/dev/null

.PHONY: demo test check lock clean

demo: .venv/ready
	$(BIN)/gaia-judge demo

test: .venv/ready check
	$(BIN)/python -m pytest

check: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.venv/ready: requirements-cpu.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(CLEAN) $(BIN)/python -m pip install --quiet uv
	$(CLEAN) $(BIN)/uv pip install --python $(BIN)/python --compile-bytecode --no-deps -r requirements-cpu.txt
	$(CLEAN) $(BIN)/uv pip install --python $(BIN)/python --no-deps --no-build-isolation -e .
	touch $@

lock:
	$(CLEAN) $(BIN)/uv pip compile pyproject.toml requirements-cpu.in --extra dev --override requirements-cpu.overrides --python-version 3.11 --no-annotate --output-file requirements-cpu.txt

clean:
	rm -rf .venv
