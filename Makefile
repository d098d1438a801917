# Every target does the set-up that it needs: a virtual environment in .venv, the dependencies, the compiled core.
#   make demo   runs the main job: a small random model writes JSON under the mask
#   make test   the tests              make check  what the continuous integration runs
# Settings: PYTHON (which interpreter makes the environment), VENV (where), WORKERS (parallel tests), ARGS (passed on).

PYTHON ?= python3
VENV ?= .venv
WORKERS ?= 2
ARGS ?=
MASKFORGE_WERROR ?= OFF
export MASKFORGE_WERROR

python := $(VENV)/bin/python
stamps := $(VENV)/.stamps
core := $(shell find csrc -name '*.cc' -o -name '*.h') CMakeLists.txt
install := $(python) -m pip install --disable-pip-version-check -qq
build_flags := --no-build-isolation -C cmake.define.MASKFORGE_WERROR=$(MASKFORGE_WERROR)

.DELETE_ON_ERROR:
.PHONY: help setup demo test test-all test-asan lint format check bench docs clean

help:
	@sed -n '/^# Every/,/^# Settings/s/^# \{0,1\}//p' Makefile

# ---- set-up ---------------------------------------------------------------------------------------------------------

# A PYTHON that was asked for is not silently ignored because an environment of another version exists.
version = `$(1) -c 'import sys; print(sys.version_info[:2])'`
.PHONY: venv
venv:
	@if [ ! -x $(python) ]; then echo "making $(VENV) with $(PYTHON)"; $(PYTHON) -m venv $(VENV); \
	elif [ "$(origin PYTHON)" != file ] && [ "$(call version,$(PYTHON))" != "$(call version,$(python))" ]; then \
	  echo "$(VENV) holds another Python than $(PYTHON): remove it, or choose another place with VENV=..."; exit 1; fi
	@mkdir -p $(stamps)

# PyTorch first, at the version of constraints-ci.txt where that can be had (see there), and whatever was taken is then
# held fixed while the rest is installed, so that no other dependency pulls in a second, larger build.
$(stamps)/torch: constraints-ci.txt | venv
	@echo "installing the build tools and PyTorch"
	@$(install) "scikit-build-core>=0.10" "nanobind>=2.4" "cmake>=3.26" "ninja>=1.11"
	@$(python) -c "import importlib.metadata as m; m.version('torch')" 2>/dev/null \
	  || $(install) -c constraints-ci.txt torch || $(install) torch
	@grep -v '^torch==' constraints-ci.txt > $(stamps)/constraints.txt
	@$(python) -c "import importlib.metadata as m; print('torch==' + m.version('torch'))" >> $(stamps)/constraints.txt
	@touch $@

$(stamps)/environment: pyproject.toml $(stamps)/torch
	@echo "installing the dependencies and compiling the core"
	@$(install) -c $(stamps)/constraints.txt $(build_flags) -e ".[test,lint]"
	@touch $@

# The build folder is kept, so this compiles only what changed.
$(stamps)/core: $(core) $(stamps)/environment
	@if [ -n "$(filter $(core),$?)" ] && [ -e $@ ]; then echo "compiling what changed in the core"; \
	  $(install) $(build_flags) --no-deps -e .; fi
	@touch $@

$(stamps)/bench: pyproject.toml $(stamps)/core
	@$(install) -c $(stamps)/constraints.txt $(build_flags) -e ".[bench]"
	@touch $@

setup: $(stamps)/core

# ---- the loop -------------------------------------------------------------------------------------------------------

demo: setup
	@$(VENV)/bin/maskforge demo $(ARGS)

# The models of the tests are tiny: more threads in each of the workers would only wait for one another.
test test-all test-asan docs: export OMP_NUM_THREADS := 1

test: setup
	$(python) -m pytest -n $(WORKERS) -m "not slow" $(ARGS)

test-all: setup
	$(python) -m pytest -n $(WORKERS) $(ARGS)

# The native tests once more, compiled with the address and undefined-behaviour sanitizers.
test-asan: setup
	MASKFORGE_SANITIZE=address,undefined $(python) -m pytest -n $(WORKERS) tests/csrc $(ARGS)

python_code := $(wildcard maskforge grammar decoding backends jsonschemabench bench tests tools)
cxx_code = $(shell find csrc tests/csrc -name '*.cc' -o -name '*.h' -o -name '*.cu')

lint: setup build/typecheck
	$(python) -m ruff check $(python_code)
	$(python) -m ruff format --check $(python_code)
	$(VENV)/bin/clang-format --dry-run --Werror $(cxx_code)
	$(python) -m mypy

format: setup
	$(python) -m ruff check --fix $(python_code)
	$(python) -m ruff format $(python_code)
	$(VENV)/bin/clang-format -i $(cxx_code)

# The type checker reads the package as it looks installed: the facade with the top-level folders inside it.
.PHONY: build/typecheck
build/typecheck:
	@rm -rf $@ && mkdir -p $@/maskforge
	@for part in maskforge/*.py maskforge/*.pyi maskforge/py.typed maskforge/cli grammar decoding backends jsonschemabench bench; do \
	  if [ -e $$part ]; then ln -s $(CURDIR)/$$part $@/maskforge/`basename $$part`; fi; done

check:
	$(MAKE) lint MASKFORGE_WERROR=ON
	$(MAKE) test MASKFORGE_WERROR=ON

bench: $(stamps)/bench
	$(python) -m maskforge.bench short $(ARGS)

# The snippets of the documents run and their links lead somewhere.
docs: setup
	$(python) -m pytest tests/test_docs.py $(ARGS)

clean:
	rm -rf build $(stamps)
