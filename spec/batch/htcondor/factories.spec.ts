import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { Factories } from '../../../lib/batch/htcondor/late-materialization.ts';
import type { JobEvent } from '../../../lib/batch/batch-system.ts';

const log = (name: string): Buffer =>
  readFileSync(new URL(`../../fixtures/htcondor/event-log/${name}`, import.meta.url));
const listing = (name: string): string => {
  const file = new URL(`../../fixtures/htcondor/cli/${name}.json`, import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { stdout: string }).stdout;
};

/** What condor_q prints, and what was done. */
let listed: string;
let asked: string[][];
let done: string[];
let factories: Factories;
beforeEach(() => {
  [listed, asked, done] = ['', [], []];
  factories = new Factories({
    list: async (args) => {
      asked.push([...args]);
      return listed;
    },
    removeLate: (jobIds) => done.push(`late: ${jobIds.join(' ')}`),
    remove: async (constraint) => void done.push(constraint),
  });
});

const idsOf = (cluster: number, ...procs: number[]): string[] => procs.map((proc) => `${cluster}.${proc}`);
const kindsOf = (events: readonly JobEvent[], jobId: string): string[] =>
  events.filter((event) => event.jobId === jobId).map(({ kind }) => kind);

describe('Jobs that come into the queue bit by bit', () => {
  it('are removed with their cluster, though they have no events', () => {
    factories.add(idsOf(50, 0, 1, 2, 3, 4));
    const { events } = factories.parse(log('late-removed-cluster.log'));
    expect(idsOf(50, 0, 1, 2, 3, 4).map((id) => kindsOf(events, id))).toEqual([
      ['queued', 'removed'],
      ['queued', 'removed'],
      ['removed'],
      ['removed'],
      ['removed'],
    ]);
    expect(events.at(-1)).toMatchObject({ reason: 'cluster 50 was removed before the job was in the queue' });
  });

  it('are held and released with their cluster, though they have no events', () => {
    factories.add(idsOf(2, 0, 1, 2, 3, 4));
    const { events } = factories.parse(log('late-paused-and-resumed.log'));
    expect(kindsOf(events, '2.4')).toEqual(['held', 'held', 'queued']);
    expect(events.find(({ jobId, kind }) => jobId === '2.4' && kind === 'held')).toMatchObject({
      reason: 'via condor_hold (by user condor-user)',
      code: 1,
    });
  });

  it('are nobody else’s: other clusters are as their events have them', () => {
    factories.add(idsOf(4711, 0));
    expect(factories.parse(log('late-removed-cluster.log')).events).toHaveLength(4);
  });

  it.each([
    ['q-factory', 49, { '49.2': 'queued', '49.4': 'queued' }],
    ['q-factory-paused', 2, { '2.1': 'held', '2.2': 'held', '2.4': 'held' }],
    ['q-factory-none', 49, {}],
  ])('are known as long as their cluster has them to come: %s', async (name, cluster, kinds) => {
    listed = listing(name);
    const ids = idsOf(cluster, 0, 1, 2, 4);
    factories.add(ids);
    const known = await factories.status([...ids, '7.0']);
    expect(Object.fromEntries([...known].map(([id, { kind }]) => [id, kind]))).toEqual(kinds);
    expect(asked.map((args) => args.at(-1))).toEqual([String(cluster)]);
  });

  it('are removed as soon as they are in the queue, if they are not wanted by then', async () => {
    listed = listing('q-factory');
    factories.add(idsOf(49, 0, 1, 2, 3, 4));
    expect(await factories.unwant(['49.1', '49.3', '7.0'])).toEqual(['49.1', '7.0']);
    expect(done).toEqual([]);
    factories.parse(log('late-removed-while-paused.log'));
    factories.parse(log('late-removed-while-paused.log'));
    expect(done).toEqual(['late: 49.3']);
  });

  it('are removed as soon as they are listed, should their events be lost', async () => {
    listed = listing('q-factory');
    factories.add(idsOf(49, 0, 1, 2, 3, 4));
    await factories.unwant(['49.3']);
    factories.onQueued(['49.2', '49.3']);
    expect(done).toEqual(['late: 49.3']);
  });

  it('come no more when none of those that are left is wanted', async () => {
    listed = listing('q-factory');
    factories.add(idsOf(49, 0, 1, 2, 3, 4));
    await factories.unwant(['49.3', '49.4']);
    expect(done).toEqual([]);
    expect(await factories.unwant(['49.2'])).toEqual([]);
    expect(done).toEqual(['ClusterId == 49 && ProcId is undefined']);
  });

  it('are the same as others where there is no such cluster', async () => {
    expect(await factories.unwant(['7.0', '7.1'])).toEqual(['7.0', '7.1']);
    expect(await factories.status(['7.0'])).toEqual(new Map());
    expect(asked).toEqual([]);
  });
});
