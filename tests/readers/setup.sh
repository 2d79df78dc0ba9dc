#!/usr/bin/env bash
# Install the readers of our schemas that are not ours. Only tests need them. Called by make; safe to call again.
set -euo pipefail
cd "$(dirname "$0")"
if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    if ! command -v apt-get >/dev/null; then
        echo "the tests need Node.js 18 or newer with npm; install them and run make test again" >&2
        exit 1
    fi
    sudo=""; [ "$(id -u)" = 0 ] || sudo="sudo"
    echo "installing nodejs and npm" >&2
    $sudo apt-get update -qq && $sudo apt-get install -y -qq --no-install-recommends nodejs npm
fi
node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 18 ? 1 : 0)' || {
    echo "the tests need Node.js 18 or newer; node is $(node --version)" >&2
    exit 1
}
npm ci --no-progress --loglevel=error >/dev/null
