/** A place that spec/clusters/with-mounts.sh has made. */
export function mountOf(name: 'LATE' | 'BEHIND' | 'SMALL'): string {
  const place = process.env[`CONDOR_FUTURES_${name}`];
  if (place === undefined) throw new Error('Run this spec with spec/clusters/with-mounts.sh');
  return place;
}
