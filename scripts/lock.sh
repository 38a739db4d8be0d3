#!/usr/bin/env bash
# Writes requirements.lock and requirements-dev.lock: exact versions with hashes, for every
# platform and Python 3.11 or newer, naming no package index. Versions already locked are kept;
# `scripts/lock.sh --upgrade` takes the newest that pyproject.toml allows.
set -euo pipefail
cd "$(dirname "$0")/.."

compile() {
    local output=$1
    shift
    .venv/bin/uv pip compile --quiet --no-config --universal --python-version 3.11 \
        --generate-hashes --no-emit-index-url --custom-compile-command "make lock" \
        --output-file "$output" "$@" pyproject.toml
}

compile requirements.lock --group build "$@"
# The tests run with the very versions that are shipped.
compile requirements-dev.lock --group dev --constraint requirements.lock "$@"
