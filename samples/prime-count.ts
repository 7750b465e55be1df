// A whole program: counts the primes below N (20 million, or the argument) in 100 jobs, with progress, and
// checks the count.
import { args, openFromCommandLine } from './command-line.ts';

/**
 * Counts the primes in [from, to) with the sieve of Eratosthenes, in segments that fit into the processor's
 * cache.
 */
function countPrimes(from: number, to: number): number {
  const root = Math.floor(Math.sqrt(to));
  const isComposite = new Uint8Array(root + 1);
  const basePrimes: number[] = [];
  for (let number = 2; number <= root; number++) {
    if (isComposite[number] === 1) continue;
    basePrimes.push(number);
    for (let multiple = number * number; multiple <= root; multiple += number) isComposite[multiple] = 1;
  }
  const segment = new Uint8Array(2 ** 17);
  let count = 0;
  for (let start = Math.max(2, from); start < to; start += segment.length) {
    const end = Math.min(start + segment.length, to);
    segment.fill(0);
    for (const prime of basePrimes) {
      if (prime * prime >= end) break;
      const first = Math.max(prime * prime, Math.ceil(start / prime) * prime);
      for (let multiple = first; multiple < end; multiple += prime) segment[multiple - start] = 1;
    }
    for (let index = 0; index < end - start; index++) count += 1 - segment[index]!;
  }
  return count;
}

/** π(N): the powers of ten from https://oeis.org/A006880. */
const KNOWN: Record<number, number> = { 1e6: 78498, 1e7: 664579, 2e7: 1270607, 1e8: 5761455, 1e9: 50847534 };
const TASKS = 100;
const limit = Number(args[0] ?? 20_000_000);
const startOf = (task: number): number => Math.floor((limit * task) / TASKS);
const ranges = Array.from({ length: TASKS }, (_, task): [number, number] => [
  startOf(task),
  startOf(task + 1),
]);

await using executor = openFromCommandLine();

const begin = performance.now();
let done = 0;
let primes = 0;
for await (const count of executor.starmap(countPrimes, ranges, { ordered: false })) {
  primes += count;
  done += 1;
  const rate = (1000 * done) / (performance.now() - begin);
  const line = `${done}/${TASKS} tasks, ${rate.toFixed(1)}/s, ${((TASKS - done) / rate).toFixed(0)} s left`;
  process.stderr.write(process.stderr.isTTY ? `\r${line}\x1b[K${done === TASKS ? '\n' : ''}` : `${line}\n`);
}

const known = KNOWN[limit];
const isWrong = known !== undefined && primes !== known;
const verdict = isWrong ? `WRONG, there are ${known}` : known === undefined ? 'not a known count' : 'correct';
console.log(`There are ${primes} primes below ${limit}: ${verdict}`);
if (isWrong) process.exitCode = 1;
