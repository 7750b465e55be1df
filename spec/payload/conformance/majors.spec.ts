import { execFileSync } from 'node:child_process';
import { describeEnvironment, writeModules } from './environment.ts';
import { casesForEsm } from './programs.ts';

/** Paths of other Node.js binaries, with colons between them: each submits to each. Without them, this one does to itself. */
const others = process.env['CONDOR_FUTURES_NODES']?.split(':') ?? [];
const nodes = [process.execPath, ...others].map((path) => {
  const version = execFileSync(path, ['--version'], { encoding: 'utf8' }).trim();
  return { path, version, major: Number.parseInt(version.slice(1), 10) };
});

const TOPICS: ReadonlySet<string> = new Set(
  'functions captured-state classes private-members identities objects data platform-objects'.split(' '),
);

/** First major version that has what a case sends. */
const KNOWN_SINCE: Readonly<Record<string, number>> = {
  'sends dates and times of Temporal, with their calendars and units': 26,
  'sends numbers of JSON.rawJSON': 22,
  'sends formatters of durations': 24,
  'sends arrays of Float16Array': 24,
  'sends iterators that a class of the program makes': 22,
};

for (const here of nodes) {
  for (const there of nodes.filter(({ path }) => nodes.length === 1 || path !== here.path)) {
    const unknown = Object.entries(KNOWN_SINCE).filter(
      ([, since]) => here.major >= since && there.major < since,
    );
    describeEnvironment({
      name: `of Node.js ${here.version} whose jobs run Node.js ${there.version}`,
      cases: casesForEsm().filter(({ topic }) => TOPICS.has(topic)),
      except: Object.fromEntries(unknown.map(([title]) => [title, 'the Node of the job does not know it'])),
      prepare(directory, cases) {
        writeModules(directory, cases, 'mjs');
        return { command: here.path, args: ['all.mjs'], env: { CONFORMANCE_NODE_OF_JOBS: there.path } };
      },
    });
  }
}
