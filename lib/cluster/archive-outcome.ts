import type { Archive } from '../job-set/archive.ts';
import type { Call } from './call.ts';

/** Done when the outcome of a call is in the archive; that is looked at when its job has left the queue, which may be much later. */
export function archiveOutcome(archive: Archive, call: Call, bytes: Uint8Array): Promise<void> {
  const archived = archive.add({ call: call.index, kind: 'outcome', bytes }).then((at) => {
    call.archivedAt = at;
  });
  archived.catch(() => {});
  return archived;
}
