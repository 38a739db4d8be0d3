#!/usr/bin/env bash
# Makes this checkout ready: `scripts/setup.sh run` to run it, `redis` to run it with Redis, `test`
# to test it.
#
# 1. creates .venv when it is missing or does not work any more;
# 2. installs the locked dependencies (hashes are checked) and the command `formwright`;
# 3. installs the system packages that are missing, when it may (root, with apt-get), or names them.
#
# Doing it again costs nothing: a stamp in .venv remembers what was installed.
# PYTHON=… chooses the interpreter.
set -euo pipefail
cd "$(dirname "$0")/.."

kind=${1:-}
case $kind in
    run | redis) lock=requirements.lock ;;
    test) lock=requirements-dev.lock ;;
    *)
        echo "usage: scripts/setup.sh run|redis|test" >&2
        exit 2
        ;;
esac

say() { echo "setup: $*" >&2; }

may_install() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }

apt_install() {
    say "installing $*"
    local log
    log=$(mktemp)
    if ! {
        apt-get update &&
            DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install \
                --yes --no-install-recommends "$@"
    } >"$log" 2>&1 </dev/null; then
        tail -n 20 "$log" >&2
        rm -f "$log"
        return 1
    fi
    rm -f "$log"
}

find_python() {
    local candidate
    for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11 python; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    say "Python 3.11 or newer was not found; install it, or name it: PYTHON=/path/to/python3 make …"
    exit 1
}

make_venv() {
    local python
    python=$(find_python)
    say "creating .venv with $("$python" --version)"
    rm -rf .venv
    if "$python" -m venv .venv >/dev/null 2>&1; then return; fi
    # Debian ships Python without `ensurepip`, in a package of its own.
    if ! may_install; then
        say "this Python cannot make virtual environments: apt-get install python3-venv"
        exit 1
    fi
    local version
    version=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    apt_install "$version"
    rm -rf .venv
    "$python" -m venv .venv
}

stamp_of() { cat "$1" pyproject.toml scripts/setup.sh | cksum; }

is_current() { [ "$(cat ".venv/$1.stamp" 2>/dev/null)" = "$(stamp_of "$1")" ]; }

install_python_packages() {
    # What the tests need includes what running needs.
    if is_current "$lock" || is_current requirements-dev.lock; then return; fi
    say "installing the dependencies of $lock"
    .venv/bin/python -m pip install -qq --disable-pip-version-check --no-input \
        --require-hashes --only-binary :all: --requirement "$lock"
    .venv/bin/python -m pip install -qq --disable-pip-version-check --no-input \
        --no-deps --no-build-isolation --editable .
    stamp_of "$lock" >".venv/$lock.stamp"
}

install_system_packages() {
    local missing
    missing=$(.venv/bin/python scripts/missing.py "$kind")
    if [ -z "$missing" ]; then return; fi
    # shellcheck disable=SC2086  # a list of package names
    if may_install && apt_install $missing; then return; fi
    say "these are missing, and what needs them will not work: $missing"
    case $(uname -s) in
        Darwin) say "  brew install $missing" ;;
        *) say "  sudo apt-get install $missing" ;;
    esac
}

.venv/bin/python -c 'import pip' 2>/dev/null || make_venv
install_python_packages
install_system_packages
