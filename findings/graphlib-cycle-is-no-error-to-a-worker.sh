#!/bin/bash
# graphlib's CycleException, which topsort() throws for a graph with a cycle, is an instance of Error, as a catch clause
# that asks for `error instanceof Error` will find. But the class has an Error made at loading for its prototype, and
# calls no constructor: `message` is '', there is no own `stack`, and the inherited one shows where graphlib was *loaded*,
# not where it threw. And to V8 it is no error: posted by a worker, and also in the parent's `error` event of a worker
# that dies of it, what arrives is the plain object {}, without class, name, message or stack, so that a pool of workers
# reports "undefined".
#
# Seen with graphlib 2.1.8 on Node 20.20.2 (and on 22.23.5, 24.22.3 and 26.12.1).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --prefix "$work" --no-save --no-audit --no-fund --loglevel error graphlib@2.1.8
cat >"$work/cycle.cjs" <<'EOF'
const { Worker, isMainThread, parentPort } = require('node:worker_threads');
const { alg, Graph } = require('graphlib');
function sortCycle() {
  const graph = new Graph();
  graph.setEdge('a', 'b');
  graph.setEdge('b', 'a');
  return alg.topsort(graph);
}
const show = (error) => `${error instanceof Error} ${Object.prototype.toString.call(error)} message ${error.message}`;
try {
  sortCycle();
} catch (error) {
  if (isMainThread) {
    const { stack } = error;
    console.log(`caught: ${show(error)}; own stack ${Object.hasOwn(error, 'stack')}, of loading ${stack.includes('Module._load')}, of throwing ${stack.includes('sortCycle')}`);
    const worker = new Worker(__filename);
    worker.on('message', (message) => console.log(`posted: ${show(message)}`));
    worker.on('error', (died) => console.log(`died: ${show(died)}`));
  } else {
    parentPort.postMessage(error);
    throw error;
  }
}
EOF
expect() { if [[ $1 == "$2" ]]; then echo "as seen: $1"; else echo "was: $2; is: $1"; exit 1; fi; }
mapfile -t seen < <(node "$work/cycle.cjs")
expect "${seen[0]}" 'caught: true [object Object] message ; own stack false, of loading true, of throwing false'
expect "${seen[1]}" 'posted: false [object Object] message undefined'
expect "${seen[2]}" 'died: false [object Object] message undefined'
