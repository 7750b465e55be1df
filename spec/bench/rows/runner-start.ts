import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { serialize } from 'condor-futures/payload';
import { shortHashOf } from '../../../lib/cluster/calls/functions.ts';
import { JobSet, type InputLocation } from '../../../lib/job-set/job-set.ts';
import * as names from '../../../lib/job-set/names.ts';
import { decodeOutcome, encodeCall } from '../../../lib/payload/call.ts';
import type { Figures, Row } from '../row.ts';
import { RUNNER } from '../../support/built-file.ts';

const runner = RUNNER;
const code = join(dirname(runner), names.CODE_FILE);

/** Node 20 reads the certificates before it does anything else, which takes longer than all that is measured here. */
const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;

/** By this machine's clock, which all its processes share. */
const now = (): number => Number(process.hrtime.bigint()) / 1e6;

/** A job set whose one call tells when its first instruction ran, and the time that it takes a job to come to that. */
async function jobStarter(directory: string, node: string, version: string): Promise<() => Promise<number>> {
  const environment = { variables: {} };
  const jobSet = await JobSet.create(
    directory,
    { runner, code, node, execArgv: [], environment, setup: [] },
    {},
  );
  const fn = writtenOn(
    version,
    serialize(() => Number(process.hrtime.bigint()) / 1e6),
  );
  await jobSet.writeFunction(shortHashOf(fn), fn);
  const options = { capture: {}, otherNode: 'refuse', main: '' } as const;
  const call = encodeCall({ function: shortHashOf(fn), items: [{ arguments: serialize([]) }], options });
  const [{ batch, offset, length }] = (await jobSet.writeInputs([call])) as [InputLocation];
  let key = 0;
  return async () => {
    key += 1;
    const args = [names.scriptFile(jobSet.directory), key, batch, offset, length, shortHashOf(call), 1];
    const start = now();
    spawnSync('/bin/sh', args.map(String), { env });
    const [item] = decodeOutcome(readFileSync(names.outcomeFile(jobSet.directory, String(key))))?.items ?? [];
    if (item === undefined || !('primitive' in item)) throw new Error('The call failed');
    return (item.primitive as number) - start;
  };
}

/** As a program on that version would have written it: the runner warns of others. */
function writtenOn(version: string, graph: Buffer): Buffer {
  const text = graph.toString('latin1');
  return Buffer.from(text.replace(`"${process.versions.node}"`, `"${version.slice(1)}"`), 'latin1');
}

/** The best of so many, in turn: what else goes on is left out. */
const TIMES = 7;

function bareNode(node: string): number {
  const start = now();
  spawnSync(node, ['-e', '0'], { env });
  return now() - start;
}

function rowOf(node: string, name: string, version: string): Row {
  let start: () => Promise<number>;
  return {
    name,
    title: `from a job's shell to the call's first instruction, Node ${version}`,
    unit: 'ms',
    goal: 'less than 15 ms more than node -e 0',
    needsPool: false,
    rounds: 5,
    async prepare({ directory, note }) {
      start = await jobStarter(directory, node, version);
      note(`the first job of a job set, which compiles the runner: ${(await start()).toFixed(1)} ms`);
    },
    async measure(): Promise<Figures> {
      let [ours, bare] = [Infinity, Infinity];
      for (let time = 0; time < TIMES; time += 1) {
        bare = Math.min(bare, bareNode(node));
        ours = Math.min(ours, await start());
      }
      return { ours, beside: { 'node -e 0': bare } };
    },
    reached: ({ ours, beside }) => ours - (beside['node -e 0']?.median ?? 0) < 15,
  };
}

/** Other binaries to measure too, by their paths, with colons between them. */
const others = (process.env['CONDOR_FUTURES_NODES'] ?? '').split(':').filter((path) => path !== '');

const rows: Row[] = [
  rowOf(process.execPath, 'runner-start', process.version),
  ...others.map((node) => {
    const version = spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim();
    return rowOf(node, `runner-start-${basename(version)}`, version);
  }),
];
export default rows;
