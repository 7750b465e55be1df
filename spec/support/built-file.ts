import { fileURLToPath } from 'node:url';

/**
 * The modules of lib/ that specs load as built files, each with its source, so that the compiler says which of these lines
 * a move has made untrue.
 */
interface BuiltModules {
  readonly index: typeof import('../../lib/index.ts');
  readonly job: typeof import('../../lib/job.ts');
  readonly 'batch/htcondor/event-log': typeof import('../../lib/batch/htcondor/event-log.ts');
  readonly 'batch/run-command': typeof import('../../lib/batch/run-command.ts');
  readonly 'cluster/cluster-executor': typeof import('../../lib/cluster/cluster-executor.ts');
  readonly 'cluster/cluster-options': typeof import('../../lib/cluster/cluster-options.ts');
  readonly 'map/tags/tags': typeof import('../../lib/map/tags/tags.ts');
  readonly 'payload/call': typeof import('../../lib/payload/call.ts');
  readonly 'payload/inspect/enter': typeof import('../../lib/payload/inspect/enter.ts');
  readonly 'payload/inspect/session': typeof import('../../lib/payload/inspect/session.ts');
  readonly 'payload/inspect/scopes': typeof import('../../lib/payload/inspect/scopes.ts');
  readonly 'runner/cached-script': typeof import('../../lib/runner/cached-script.ts');
}

/** @returns the URL of a module of the built package, for a process of its own */
export function builtModule(module: keyof BuiltModules): string {
  return new URL(`../../dist/${module}.js`, import.meta.url).href;
}

/** The script that jobs start, as `npm run build` makes it. */
export const RUNNER: string = fileURLToPath(new URL('../../dist/runner.cjs', import.meta.url));
