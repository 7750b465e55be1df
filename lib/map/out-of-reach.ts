import type { BatchSystem } from '../batch/batch-system.ts';

/** A batch system of which only the logs can be read: whatever else is asked of it, is refused. */
export function outOfReach(system: BatchSystem, refusal: Error): BatchSystem {
  const refuse = async (): Promise<never> => {
    throw refusal;
  };
  const { name, queue, events, jobSetRemoval } = system;
  return {
    name,
    queue,
    events,
    checkSubmitOptions: (submit) => system.checkSubmitOptions(submit),
    checkPlace: (place) => system.checkPlace(place),
    submit: refuse,
    find: refuse,
    remove: refuse,
    status: refuse,
    act: refuse,
    analyze: refuse,
    describe: refuse,
    ...(jobSetRemoval && {
      jobSetRemoval: {
        remove: refuse,
        removeNow: () => {
          throw refusal;
        },
        removeUnseen: () => {},
        commandFor: (id: string) => jobSetRemoval.commandFor(id),
      },
    }),
    forMap: () => outOfReach(system.forMap(), refusal),
    close: async () => system.close(),
  };
}
