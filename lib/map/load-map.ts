import { checkHeader } from '../cluster/check-header.ts';
import type { MapHeader } from '../cluster-options.ts';
import { DirectoryError } from '../errors.ts';
import { JobSet } from '../job-set/job-set.ts';
import { JobMap } from './job-map.ts';
import type { MapCore } from './map-core.ts';
import { MapRemovedError } from './map-errors.ts';
import type { MapHost } from './map-host.ts';
import { readTag } from './tags.ts';

/**
 * A map by its tag, made by whatever program.
 * @param begin is given it before anybody else
 * @throws {TagNotFoundError} {@link MapRemovedError} {@link DirectoryError} {@link OwnershipError}
 */
export async function openMap(
  tag: string,
  host: MapHost,
  begin?: (core: MapCore) => Promise<void>,
): Promise<JobMap> {
  const { directory, filesystem } = host.options;
  const record = await readTag(directory, tag);
  const jobSet = await JobSet.open(directory, record.id, filesystem === 'transfer').catch(
    (error: unknown) => {
      if (
        error instanceof DirectoryError &&
        (error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT'
      )
        throw new MapRemovedError(tag, { cause: error });
      throw error;
    },
  );
  const { map: header } = (await jobSet.readHeader()) as { readonly map?: MapHeader };
  if (header === undefined)
    throw new DirectoryError(`The job set ${jobSet.directory} is no map's`, jobSet.directory);
  await checkHeader(jobSet, host.system);
  return JobMap.open({ tag, record, header }, jobSet, host, begin);
}
