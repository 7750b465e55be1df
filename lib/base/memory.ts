const KIBIBYTE = 1024;
const MEBIBYTE = 1024 * KIBIBYTE;

const UNITS: Readonly<Record<string, number>> = {
  B: 1,
  K: KIBIBYTE,
  M: MEBIBYTE,
  G: 1024 * MEBIBYTE,
  T: 1024 * 1024 * MEBIBYTE,
};

type Amount = string | number | boolean | undefined;

/**
 * The bytes that a value of `request_memory` asks for: a number of MiB, or a number with a unit such as `2GB`, `500 M`; undefined for an
 * expression. HTCondor manual, condor_submit, request_memory.
 */
export function parseMemory(value: Amount): number | undefined {
  return parseAmount(value, 'M');
}

/** The same of `request_disk`, where a number without a unit is one of KiB. */
export function parseDisk(value: Amount): number | undefined {
  return parseAmount(value, 'K');
}

/** As a value of `request_memory`, in whole MiB. */
export function showMemory(bytes: number): number {
  return Math.ceil(bytes / MEBIBYTE);
}

/** As a value of `request_disk`, in whole KiB. */
export function showDisk(bytes: number): number {
  return Math.ceil(bytes / KIBIBYTE);
}

function parseAmount(value: Amount, otherwise: string): number | undefined {
  const [, count, unit = otherwise] = /^\s*(\d+(?:\.\d+)?)\s*([BKMGT])?B?\s*$/i.exec(String(value)) ?? [];
  return count === undefined ? undefined : Number(count) * (UNITS[unit.toUpperCase()] as number);
}
