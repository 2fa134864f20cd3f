# Two commands do all the set-up on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
BIN = .venv/bin
# PyPI alone: a torch wheel lying about on a machine must not be taken.
CLEAN = env -u PIP_FIND_LINKS -u UV_FIND_LINKS PIP_CONFIG_FILE=/dev/null

.PHONY: demo test docs check browser lock clean

demo: .venv/ready
	$(BIN)/gaia-judge demo

# Two processes of one thread each: small tensors gain nothing from more threads.
test: .venv/ready browser check
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

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

# Pages are tested in a real browser; without root those tests skip and say so.
browser:
	@for name in chromium chromium-browser google-chrome google-chrome-stable chrome; do \
		command -v $$name >/dev/null && exit 0; \
	done; \
	{ apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends chromium; } \
	|| echo "No Chromium could be installed: the tests of pages in a browser will be skipped."

lock:
	$(CLEAN) $(BIN)/uv pip compile pyproject.toml requirements-cpu.in --extra dev --override requirements-cpu.overrides --python-version 3.11 --no-annotate --output-file requirements-cpu.txt

docs: .venv/ready
	$(BIN)/python -m gaia_judge.cli.manuals > docs/cli.md

clean:
	rm -rf .venv
