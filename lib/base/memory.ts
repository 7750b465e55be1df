export const KIBIBYTE: number = 1024;
export const MEBIBYTE: number = 1024 * KIBIBYTE;

const UNITS: Readonly<Record<string, number>> = {
  B: 1,
  K: KIBIBYTE,
  M: MEBIBYTE,
  G: 1024 * MEBIBYTE,
  T: 1024 * 1024 * MEBIBYTE,
};

type Amount = string | number | boolean | undefined;

/**
 * Parses a value of `request_memory`: a number of MiB, or a number with a unit such as `2GB`, `500 M`.
 * HTCondor manual, condor_submit, request_memory.
 * @returns bytes; undefined for an expression
 */
export function parseMemory(value: Amount): number | undefined {
  return parseAmount(value, 'M');
}

/** Parses a value of `request_disk`, as {@link parseMemory} does; a number without a unit is one of KiB. */
export function parseDisk(value: Amount): number | undefined {
  return parseAmount(value, 'K');
}

/** Formats bytes as a value of `request_memory`, in whole MiB. */
export function showMemory(bytes: number): number {
  return Math.ceil(bytes / MEBIBYTE);
}

/** Formats bytes as a value of `request_disk`, in whole KiB. */
export function showDisk(bytes: number): number {
  return Math.ceil(bytes / KIBIBYTE);
}

function parseAmount(value: Amount, otherwise: string): number | undefined {
  const [, count, unit = otherwise] = /^\s*(\d+(?:\.\d+)?)\s*([BKMGT])?B?\s*$/i.exec(String(value)) ?? [];
  return count === undefined ? undefined : Number(count) * (UNITS[unit.toUpperCase()] as number);
}
