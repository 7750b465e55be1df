// Runs the cells of one subject within its program: makes the call here and in a job, and compares.
import { appendFileSync } from 'node:fs';
import { isDeepStrictEqual, inspect } from 'node:util';

/** How often a function is captured to see what it costs once its modules are known. */
const CAPTURES = 5;
/** Functions whose capture takes longer, in milliseconds, are captured no more often than needed. */
const SLOW_MS = 2000;

/**
 * Each cell makes a call. The environment says where the library is (PACKAGES_LIBRARY, a directory), which
 * cells to run (PACKAGES_CELLS), how long each may take (PACKAGES_LIMIT, in milliseconds), and which file
 * (PACKAGES_REPORT) gets a line of JSON when a cell begins and when it has ended.
 */
export async function runCells(cells, options) {
  const { PACKAGES_LIBRARY: library, PACKAGES_CELLS: names, PACKAGES_REPORT: report } = process.env;
  const limit = Number(process.env.PACKAGES_LIMIT);
  const payload = await import(`${library}/dist/payload/index.js`);
  const futures = await import(`${library}/dist/index.js`);
  // What this measures should not be what the first capture of any process costs.
  const one = 1;
  payload.serialize(() => one);
  const executor = makeExecutor(futures.LocalExecutor, { maxWorkers: 1, keepFiles: 'none', ...options });
  for (const cell of names.split(' ')) {
    appendFileSync(report, `${JSON.stringify({ cell })}\n`);
    const began = performance.now();
    const verdict = await judge(() => runCell(executor, cells[cell], limit), futures.CondorFuturesError);
    const ms = performance.now() - began;
    const cost = cell === 'used' ? await costOf(cells.used, payload, ms) : {};
    appendFileSync(report, `${JSON.stringify({ cell, ...verdict, ...cost })}\n`);
  }
  await executor.shutdown();
  process.exit(); // whatever the package left behind
}

/** An executor of a library that may not know all options yet. */
function makeExecutor(LocalExecutor, { preload, ...options }) {
  try {
    return new LocalExecutor(preload === undefined ? options : { ...options, preload });
  } catch (error) {
    if (preload !== undefined && error.message.includes('preload')) return new LocalExecutor(options);
    throw error;
  }
}

/** A cell that tells nothing of the library, because it does not work at home either. */
class InvalidCell extends Error {}

async function judge(run, CondorFuturesError) {
  try {
    const why = await run();
    return why === undefined ? { verdict: 'right' } : { verdict: 'wrong', why };
  } catch (error) {
    if (error instanceof InvalidCell) return { verdict: 'invalid', why: error.message };
    const why = error instanceof Error ? `${error.name}: ${error.message}` : inspect(error);
    const isOurs = error instanceof CondorFuturesError && error.name === 'SerializationError';
    return { verdict: isOurs && hasRemedy(error) ? 'refused' : 'wrong', why };
  }
}

/** Whether an error has the path to what cannot be sent, and then what to do. */
function hasRemedy({ message }) {
  const lines = message.split('\n');
  return lines.some((line) => line.startsWith('   -> ')) && !lines.at(-1).startsWith('   -> ');
}

/** @returns how the job's outcome differs; undefined if it does not. An error of the library is thrown. */
async function runCell(executor, makeCall, limit) {
  const { call, given = [], see } = await atHome(makeCall);
  // What it captures is copied now, before the call at home changes it.
  const future = executor.submit(call, ...given);
  const here = await outcomeOf(() => call(...given));
  const there = await outcomeOf(() => beforeLimit(future, limit));
  const isThrown = makeCall.name === 'thrown';
  if ('thrown' in here !== isThrown) throw new InvalidCell(`at home: ${inspect(here)}`);
  if (!isThrown && 'thrown' in there) throw there.thrown;
  if (isThrown && !('thrown' in there)) return `returned ${inspect(there.value)}`;
  if (isThrown && there.thrown?.name === 'SerializationError') throw there.thrown;
  const [expected, actual] = isThrown ? [here.thrown, there.thrown] : [here.value, there.value];
  if (see === undefined) return difference(expected, actual);
  // An instance of a class that each call makes anew has that class neither here nor there.
  const again = await outcomeOf(() => call(...given));
  const isOfOneClass = classOf(expected) === classOf(again.value ?? again.thrown);
  if (isOfOneClass && !isOfClass(actual, expected)) {
    return `is no ${classOf(expected)?.constructor?.name} but a ${classOf(actual)?.constructor?.name}: ${show(actual)}`;
  }
  const seen = await atHome(() => see(expected));
  const facts = isThrown ? factsOf : () => [];
  return difference([facts(expected), seen], [facts(actual), await see(actual)]);
}

async function atHome(run) {
  try {
    return await run();
  } catch (error) {
    throw new InvalidCell(`at home: ${inspect(error)}`, { cause: error });
  }
}

async function outcomeOf(run) {
  try {
    return { value: await run() };
  } catch (thrown) {
    return { thrown };
  }
}

async function beforeLimit(future, limit) {
  let timer;
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${limit / 1000} s`)), limit);
  });
  try {
    return await Promise.race([future, late]);
  } finally {
    clearTimeout(timer);
    if (!future.done()) future.cancel();
  }
}

function classOf(value) {
  return Object(value) === value ? Object.getPrototypeOf(value) : typeof value;
}

/** Whether a value has the class of another one, if not its prototype: classes with private members have stand-ins. */
function isOfClass(value, other) {
  if (classOf(value) === classOf(other)) return true;
  const { constructor } = other;
  return typeof constructor === 'function' && other instanceof constructor && value instanceof constructor;
}

function factsOf(error) {
  if (Object(error) !== error) return [error];
  return [error.name, error.message, error.code, error instanceof Error, Object.keys(error).toSorted()];
}

function difference(expected, actual) {
  return isDeepStrictEqual(expected, actual) ? undefined : `expected ${show(expected)}, got ${show(actual)}`;
}

function show(value) {
  return inspect(value, { breakLength: Infinity, depth: 4 }).slice(0, 500);
}

/** The size of the captured function in bytes, and the time of a capture, once its modules are known, in milliseconds. */
async function costOf(makeCall, { serialize }, firstMs) {
  try {
    let bytes = 0;
    let ms = Infinity;
    for (let i = 0; i < (firstMs > SLOW_MS ? 2 : CAPTURES); i += 1) {
      const { call } = await makeCall();
      const began = performance.now();
      bytes = serialize(call).length;
      ms = Math.min(ms, performance.now() - began);
    }
    return { bytes, ms };
  } catch {
    return {};
  }
}
