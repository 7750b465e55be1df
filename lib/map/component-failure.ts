import { jobIdOf, type ComponentStatus } from './component.ts';
import { formatErrorReport } from './error-report.ts';
import type { MapCore } from './map-core.ts';
import { ComponentStateError } from './map-errors.ts';

/** Those of which something can be told. */
const FAILED: readonly ComponentStatus[] = ['errored', 'removed', 'held'];

/**
 * What is known of a component's failure, as a text.
 * @throws {ComponentStateError} if it has not failed; {@link RangeError}
 */
export async function errorReport(core: MapCore, index: number): Promise<string> {
  const statuses = await core.look();
  const component = core.component(index);
  const status = statuses[index] as ComponentStatus;
  if (!FAILED.includes(status))
    throw new ComponentStateError(`Component ${index} is ${status}: there is no error to report`, [index]);
  const { jobSet } = core.reader;
  const { key } = component.call.job;
  const outcome = await core.reader.readOutcome(component).catch(() => undefined);
  const item = outcome?.items.find((each) => 'thrown' in each);
  return formatErrorReport({
    tag: core.tag,
    component: index,
    error: await core.errorOf(index, status),
    attempts: component.call.attempt,
    jobId: jobIdOf(component),
    host: outcome?.host ?? component.host,
    run: outcome && {
      startedAt: new Date(outcome.startedAt),
      endedAt: new Date(outcome.endedAt),
      pid: outcome.pid,
      nodeVersion: outcome.nodeVersion,
    },
    scene: item?.scene,
    stderr: await jobSet.readLog(key, 'stderr', STDERR_BYTES).catch(() => ''),
  });
}

/** How much of a job's stderr is read, in bytes. */
const STDERR_BYTES = 16_384;

/** Reports of all components that have failed by now, in their order, each read when it is asked for. */
export async function* errorReports(core: MapCore): AsyncGenerator<string, void, undefined> {
  for (const [index, status] of (await core.look()).entries()) {
    if (status !== 'errored' && status !== 'removed') continue;
    try {
      yield await errorReport(core, index);
    } catch (error) {
      // It is run again meanwhile.
      if (!(error instanceof ComponentStateError)) throw error;
    }
  }
}
