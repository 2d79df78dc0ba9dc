#!/usr/bin/env bash
# Make the virtual environment from the hashed requirements. Called by make; safe to call again.
set -euo pipefail
venv=${1:-.venv}
python=${PYTHON:-python3}

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "reconciler needs Python 3.11 or newer; $python is $("$python" --version 2>&1). Set PYTHON=python3.12 or the like." >&2
    exit 1
}
if ! "$python" -m venv "$venv" >/dev/null 2>&1; then
    # Debian and Ubuntu ship venv as a package of its own.
    rm -rf "$venv"
    version=$("$python" -c 'import sys; print(f"{sys.version_info[0]}.{sys.version_info[1]}")')
    sudo=""; [ "$(id -u)" = 0 ] || sudo="sudo"
    echo "installing python${version}-venv" >&2
    $sudo apt-get update -qq && $sudo apt-get install -y -qq "python${version}-venv" git
    "$python" -m venv "$venv"
fi
# The lock is whole, so nothing is left to resolve: old versions of pip would look at newer releases.
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-dev.txt
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
