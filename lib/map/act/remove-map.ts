import { checkOptions } from '../../base/checks.ts';
import { isSettled } from '../read/component.ts';
import type { MapCore } from '../read/map-core.ts';
import { type MapProgress, type ProgressOption, withProgress } from '../report/progress.ts';
import { releaseTag } from '../tags/tags.ts';
import { cancelComponents } from './component-actions.ts';

export interface RemoveOptions {
  /**
   * Delete the data although the batch system does not answer, or jobs do not leave the queue.
   * @default false
   */
  readonly force?: boolean | undefined;
  /**
   * Show how far it has come.
   * @default false
   */
  readonly progress?: ProgressOption | undefined;
}

/** How long jobs have to leave the queue, in milliseconds: they may write to what is to be deleted. */
const LEAVE_MS = 60_000;

/** Stops the jobs of a map, and deletes all of it: its tag last, so that a removal that was cut off can be done again. */
export async function removeOpenMap(core: MapCore, options: RemoveOptions): Promise<void> {
  checkOptions('remove()', options, { force: ['boolean'], progress: ['boolean', 'function'] });
  await withProgress(options.progress, async (tell) => remove(core, options, tell));
}

async function remove(
  core: MapCore,
  { force = false }: RemoveOptions,
  tell: (progress: MapProgress) => void,
): Promise<void> {
  const { jobSet } = core.reader;
  try {
    await cancelComponents(core, undefined);
    await core.until(
      (statuses) => {
        const done = statuses.filter((status) => isSettled(status, true)).length;
        tell({ tag: core.tag, phase: 'removing', done, total: statuses.length });
        return done === statuses.length ? true : undefined;
      },
      { timeout: LEAVE_MS },
      () => `Jobs of map ${core.tag} have not left the queue. Remedy: remove({ force: true })`,
    );
  } catch (error) {
    if (!force) throw error;
  }
  await core.executor?.close();
  await core.watch.close();
  await jobSet.remove();
  await releaseTag(core.host.options.directory, core.tag, jobSet.id);
  core.removed = true;
}
