# The two commands that matter are `make demo` and `make test`; see README.md and CONTRIBUTING.md.
# ARGS is handed on: make test ARGS="-k expressions", make lock ARGS=--upgrade.

BIN := .venv/bin
PORT ?= 8080

.PHONY: help demo demo-redis setup test lint format fuzz soak bench lock audit

help: ## say what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: ## build the demonstration company and serve it on port 8080 (PORT=…, ARGS=--fresh)
	@scripts/setup.sh run
	@$(BIN)/formwright demo --port $(PORT) $(ARGS)

demo-redis: ## the same as in production: with Redis, two workers and a scheduler
	@scripts/setup.sh redis
	@$(BIN)/formwright demo --redis --port $(PORT) $(ARGS)

setup: ## create .venv and install what the tests need
	@scripts/setup.sh test

test: lint ## run every check and every test
	$(BIN)/pytest -n 3 --dist worksteal $(ARGS)

lint: setup ## check style, types and import directions
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: setup ## put the code into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

fuzz: setup ## look for new counter-examples, with thousands of random ones each
	HYPOTHESIS_PROFILE=fuzz $(BIN)/pytest -n 2 -m hypothesis $(ARGS)
	FORMWRIGHT_FUZZ=100000 $(BIN)/pytest -s -n 0 tests/fuzz

soak: setup ## kill processes at random while 10,000 effects run; try 50,000 triples of the leak test
	FORMWRIGHT_SOAK=1 $(BIN)/pytest -s tests/chaos tests/catalog500 tests/leaks/soak_test.py tests/leaks/faults_test.py $(ARGS)

bench: setup ## measure
	$(BIN)/python -m bench $(ARGS)

lock: setup ## write the lock files anew from pyproject.toml
	scripts/lock.sh $(ARGS)

audit: setup ## ask the advisory databases about the locked dependencies; write var/sbom.json
	@mkdir -p var
	$(BIN)/uv tool run --from 'pip-audit>=2.9' pip-audit --strict --disable-pip --require-hashes \
		--requirement requirements.lock --format cyclonedx-json --output var/sbom.json $(ARGS)
