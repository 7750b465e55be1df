/**
 * A constraint that holds for these jobs. Procs in a row are one range: the schedd evaluates the constraint for each job that it has, and
 * would be busy for long with thousands of ids.
 */
export function jobConstraint(jobIds: readonly string[]): string {
  const procs = new Map<string, number[]>();
  for (const id of jobIds) {
    const [cluster = '', proc] = id.split('.');
    const numbers = procs.get(cluster) ?? [];
    numbers.push(Number(proc));
    procs.set(cluster, numbers);
  }
  return [...procs]
    .map(([cluster, numbers]) => `ClusterId == ${cluster} && (${rangesOf(numbers).join(' || ')})`)
    .map((constraint) => (procs.size === 1 ? constraint : `(${constraint})`))
    .join(' || ');
}

function rangesOf(procs: readonly number[]): string[] {
  const sorted = procs.toSorted((a, b) => a - b);
  const ranges: { first: number; last: number }[] = [];
  for (const proc of sorted) {
    const range = ranges.at(-1);
    if (range !== undefined && proc <= range.last + 1) range.last = proc;
    else ranges.push({ first: proc, last: proc });
  }
  return ranges.map(({ first, last }) =>
    first === last ? `ProcId == ${first}` : `ProcId >= ${first} && ProcId <= ${last}`,
  );
}
