import { expect, it } from '@jest/globals';
import type { JobSetRemoval } from '../../lib/batch/batch-system.ts';
import { ClusterExecutor } from '../../lib/cluster/cluster-executor.ts';
import { resolveOptions } from '../../lib/cluster/cluster-options.ts';
import { DetachedError } from '../../lib/base/errors.ts';
import { ScriptedSystem } from '../support/scripted-system.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { until } from '../support/until.ts';

const directory = temporaryDirectory();

/** Its jobs outlive the process, and it takes its time to remove some. */
class SlowSystem extends ScriptedSystem {
  readonly jobSetRemoval: JobSetRemoval = {
    remove: async () => {},
    removeNow: () => {},
    removeUnseen: () => {},
    commandFor: () => '',
  };
  removeThem: (() => void) | undefined;

  override async remove(jobIds: readonly string[]): Promise<void> {
    await new Promise<void>((resolve) => (this.removeThem = resolve));
    await super.remove(jobIds);
  }
}

it('detach() removes the jobs of cancelled calls first; then the end of the process is none of the others', async () => {
  const listeners = process.listenerCount('SIGTERM');
  const system = new SlowSystem();
  const executor = new ClusterExecutor(system, resolveOptions('it', { directory }, {}));
  const [cancelled, left] = [executor.submit(() => 0), executor.submit(() => 1)];
  await until(() => left.jobId !== undefined);
  expect(process.listenerCount('SIGTERM')).toBe(listeners + 1);
  cancelled.cancel();
  const detached = executor.detach();
  await until(() => system.removeThem !== undefined);
  expect(left.done()).toBe(false);
  system.removeThem?.();
  expect(await detached).toBe(executor.id);
  expect(process.listenerCount('SIGTERM')).toBe(listeners);
  expect(system.removed).toEqual([cancelled.jobId]);
  expect(await thrownBy(left)).toBeInstanceOf(DetachedError);
});
