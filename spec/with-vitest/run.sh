#!/bin/bash
# Runs the cases of the payload within vitest, which is installed beside the project for that.
set -euo pipefail
cd "$(dirname "$0")/../.."

CONDOR_FUTURES_VITEST=$(mktemp -d)
export CONDOR_FUTURES_VITEST
trap 'rm -rf "$CONDOR_FUTURES_VITEST"' EXIT
npm install --prefix "$CONDOR_FUTURES_VITEST" --no-save --no-audit --no-fund --loglevel error vitest@3 vite@7

node --experimental-vm-modules --disable-warning=ExperimentalWarning node_modules/jest/bin/jest.js spec/with-vitest/
