#!/bin/bash
# An Immutable.js Map of more than eight entries iterates by the hashes of its keys. For a key that is an object, the
# hash is a number that the library hands out when it first meets the object: in a WeakMap, from a counter. So the
# order of a Map depends neither on its entries nor on how they were added, but on which of the keys the process
# happened to hash first, in any collection. Two processes that build the same Map from the same lines, one of which
# looked a key up elsewhere before, list it in different orders; so do a program and a worker to which it sends the
# entries. With up to eight keys, and with strings as keys, both agree.
#
# Seen with immutable 5.2.1 on Node 20.20.2: 8, 0 to 7, 9 to 19 where nothing was hashed before (the ninth entry is
# hashed first); 19 to 0 where the keys were met before, from the last to the first.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --prefix "$work" --no-save --no-audit --no-fund --loglevel error immutable@5.2.1
cat >"$work/order.cjs" <<'EOF'
const { hash, Map } = require('immutable');
const [, , kind, count, met] = process.argv;
const keys = Array.from({ length: Number(count) }, (_, n) => (kind === 'objects' ? { n } : `key ${n}`));
if (met === 'met before') for (const key of keys.toReversed()) hash(key);
console.log(Map(keys.map((key, n) => [key, n])).valueSeq().join());
EOF
expect() { if [[ $2 == "$3" ]]; then echo "as seen: $1: $2"; else echo "$1: was: $3; is: $2"; exit 1; fi; }
order() { node "$work/order.cjs" "$@"; }
expect '20 objects' "$(order objects 20 new)" 8,0,1,2,3,4,5,6,7,9,10,11,12,13,14,15,16,17,18,19
expect '20 objects that were met before' "$(order objects 20 'met before')" \
  19,18,17,16,15,14,13,12,11,10,9,8,7,6,5,4,3,2,1,0
expect '8 objects that were met before' "$(order objects 8 'met before')" 0,1,2,3,4,5,6,7
[[ $(order strings 20 new) == "$(order strings 20 'met before')" ]] || { echo 'strings: not the same any more'; exit 1; }
echo 'as seen: 20 strings: the same order both times'
