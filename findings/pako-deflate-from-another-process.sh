#!/bin/bash
# The state of pako's Deflate looks as if it could be moved: it is plain fields and typed arrays, and v8.serialize takes
# all of it. But the first `new Deflate()` of a process fills tables that belong to the module (of Huffman codes for
# lengths and distances), which push() reads. In a process that has made no Deflate itself, a state from elsewhere
# compresses with tables of zeros: push() returns true and `err` is 0, and the bytes can be read by nobody. After any
# `new Deflate()` there, which is then thrown away, the same state works.
#
# Seen with pako 3.0.3 on Node 20.20.2: fresh process: err 0, 7 bytes, "invalid distance too far back"; after a
# `new Deflate()`: 38 bytes, which zlib reads.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --prefix "$work" --no-save --no-audit --no-fund --loglevel error pako@3.0.3
cat >"$work/write.cjs" <<'EOF'
const pako = require('pako');
require('node:fs').writeFileSync(`${__dirname}/state`, require('node:v8').serialize(new pako.Deflate()));
EOF
cat >"$work/read.cjs" <<'EOF'
const pako = require('pako');
if (process.argv[2] === 'after another') new pako.Deflate();
const moved = require('node:v8').deserialize(require('node:fs').readFileSync(`${__dirname}/state`));
const deflate = Object.setPrototypeOf(moved, pako.Deflate.prototype);
const text = 'the same text again and again, the same text again and again';
const returned = deflate.push(text, true);
let read;
try {
  read = require('node:zlib').inflateSync(deflate.result).toString() === text ? 'the text' : 'another text';
} catch (error) {
  read = error.message;
}
console.log(`push ${returned}, err ${deflate.err}, ${deflate.result.length} bytes: ${read}`);
EOF
expect() { if [[ $2 == "$3" ]]; then echo "as seen: $1: $2"; else echo "$1: was: $3; is: $2"; exit 1; fi; }
node "$work/write.cjs"
expect 'fresh process' "$(node "$work/read.cjs" fresh)" 'push true, err 0, 7 bytes: invalid distance too far back'
expect 'after another' "$(node "$work/read.cjs" 'after another')" 'push true, err 0, 38 bytes: the text'
