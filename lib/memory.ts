const MEBIBYTE = 1024 * 1024;

const UNITS: Readonly<Record<string, number>> = {
  B: 1,
  K: 1024,
  M: MEBIBYTE,
  G: 1024 * MEBIBYTE,
  T: 1024 * 1024 * MEBIBYTE,
};

/**
 * The bytes that a value of `request_memory` asks for: a number of MiB, or a number with a unit such as `2GB`, `500 M`; undefined for an
 * expression. HTCondor manual, condor_submit, request_memory.
 */
export function parseMemory(value: string | number | boolean | undefined): number | undefined {
  const [, count, unit = 'M'] = /^\s*(\d+(?:\.\d+)?)\s*([BKMGT])?B?\s*$/i.exec(String(value)) ?? [];
  return count === undefined ? undefined : Number(count) * (UNITS[unit.toUpperCase()] as number);
}

/** As a value of `request_memory`, in whole MiB. */
export function showMemory(bytes: number): number {
  return Math.ceil(bytes / MEBIBYTE);
}
