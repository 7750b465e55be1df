import { checkOptions } from '../../base/checks.ts';
import { isSettled } from '../read/component.ts';
import type { MapCore } from '../read/map-core.ts';
import { type MapProgress, type ProgressOption, withProgress } from '../report/progress.ts';
import { releaseTag } from '../tags/tags.ts';
import { cancelComponents } from './component-actions.ts';

export interface RemoveOptions {
  /**
   * Delete the data even if the batch system does not answer or jobs stay in the queue.
   * @default false
   */
  readonly force?: boolean | undefined;
  /**
   * Show how many jobs have left the queue.
   * @default false
   */
  readonly progress?: ProgressOption | undefined;
}

/** Time for jobs to leave the queue, in ms, because running ones may write to the files to be deleted. */
const LEAVE_TIMEOUT_MS = 60_000;

/** Removes a map's jobs and files; the tag is last, so that an interrupted removal can be repeated. */
export async function removeOpenMap(core: MapCore, options: RemoveOptions): Promise<void> {
  checkOptions('remove()', options, { force: ['boolean'], progress: ['boolean', 'function'] });
  await withProgress(options.progress, async (report) => remove(core, options, report));
}

async function remove(
  core: MapCore,
  { force = false }: RemoveOptions,
  report: (progress: MapProgress) => void,
): Promise<void> {
  const { jobSet } = core.reader;
  try {
    await cancelComponents(core, undefined);
    await core.until(
      (statuses) => {
        const done = statuses.filter((status) => isSettled(status, true)).length;
        report({ tag: core.tag, phase: 'removing', done, total: statuses.length });
        return done === statuses.length ? true : undefined;
      },
      { timeout: LEAVE_TIMEOUT_MS },
      () => `Jobs of map ${core.tag} have not left the queue. Remedy: remove({ force: true })`,
    );
  } catch (error) {
    if (!force) throw error;
  }
  await core.executor?.close();
  await core.watch.close();
  await jobSet.remove();
  await releaseTag(core.host.options.directory, core.tag, jobSet.id);
  core.isRemoved = true;
}
