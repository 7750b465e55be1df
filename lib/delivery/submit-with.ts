import type { SubmitOptions } from '../batch/batch-system.ts';

/** The user's submit commands over those of a delivery; both requirements have to hold. */
export function submitWith(delivered: SubmitOptions, own: SubmitOptions): SubmitOptions {
  const { requirements, ...others } = delivered;
  const ownNames = new Set(Object.keys(own).map((name) => canonicalName(name)));
  const added = Object.entries(others).filter(([name]) => !ownNames.has(canonicalName(name)));
  const merged = { ...Object.fromEntries(added), ...own };
  if (requirements === undefined) return merged;
  const name = Object.keys(own).find((each) => canonicalName(each) === 'requirements') ?? 'requirements';
  return { ...merged, [name]: joined(String(requirements), own[name]) };
}

/** Names of submit commands are not case-sensitive, and `+Name` is `MY.Name`. */
export function canonicalName(name: string): string {
  return name.toLowerCase().replace(/^\+/, 'my.');
}

/** Where a job set is attached to, the journal has them joined already. */
function joined(requirements: string, own: SubmitOptions[string] | undefined): string {
  if (own === undefined) return requirements;
  const prefix = `(${requirements}) && `;
  return String(own).startsWith(prefix) || own === requirements ? String(own) : `${prefix}(${String(own)})`;
}
