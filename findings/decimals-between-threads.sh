#!/bin/bash
# Three decimal libraries of the same family behave in three ways when a number is posted to a worker, or copied by
# structuredClone or v8.serialize. big.js and decimal.js give each *number* an own property `constructor`, which is a
# function: the copy throws (a DataCloneError, or an Error from v8.serialize), although a number is nothing but a sign, an exponent and digits. (big.js
# does so instead of `Big.prototype.constructor`, which is Object: whatever finds classes by their prototype's
# constructor takes a Big for a plain object.) bignumber.js posts without an error, but what arrives is a plain object
# { s, e, c }, of which `new BigNumber(copy)` makes no number again: it throws, as the mark that it looks for is on the
# prototype.
#
# Seen with big.js 7.0.1, decimal.js 10.6.0 and bignumber.js 11.1.5 on Node 20.20.2.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --prefix "$work" --no-save --no-audit --no-fund --loglevel error \
  big.js@7.0.1 decimal.js@10.6.0 bignumber.js@11.1.5
cat >"$work/copy.cjs" <<'EOF'
const Class = require(process.argv[2]);
const number = new Class('1.5');
const copied = (copy) => {
  try {
    const { constructor, ...fields } = copy(number);
    return `${constructor?.name ?? 'Object'} ${Object.keys(fields)}`;
  } catch (error) {
    return error.name ?? String(error);
  }
};
const v8 = require('node:v8');
const { port1, port2 } = new MessageChannel();
const post = (value) => {
  port1.postMessage(value);
  return require('node:worker_threads').receiveMessageOnPort(port2).message;
};
let again;
try {
  again = `again ${new Class(structuredClone(number))}`;
} catch (error) {
  again = `no number again: ${error.name}`;
}
const results = [structuredClone, post, (value) => v8.deserialize(v8.serialize(value))].map(copied);
console.log(`own constructor ${Object.hasOwn(number, 'constructor')}, the prototype's is its class ${Class.prototype.constructor === Class}; ${results.join('; ')}; ${again}`);
EOF
expect() { if [[ $2 == "$3" ]]; then echo "as seen: $1: $2"; else echo "$1: was: $3; is: $2"; exit 1; fi; }
copy() { node "$work/copy.cjs" "$1"; }
expect big.js "$(copy big.js)" \
  "own constructor true, the prototype's is its class false; DataCloneError; DataCloneError; Error; no number again: DataCloneError"
expect decimal.js "$(copy decimal.js)" \
  "own constructor true, the prototype's is its class true; DataCloneError; DataCloneError; Error; no number again: DataCloneError"
expect bignumber.js "$(copy bignumber.js)" \
  "own constructor false, the prototype's is its class true; Object s,e,c; Object s,e,c; Object s,e,c; no number again: Error"
