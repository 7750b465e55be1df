import { readFileSync } from 'node:fs';

/**
 * When a process was started, in the kernel's words: what tells it from a later one with its pid. Undefined where that is not told, and for a process that
 * has ended, though nobody has asked for its exit code yet.
 */
export function startOf(pid: number): string | undefined {
  try {
    // Field 22, see proc(5); the name of the program before it may hold spaces and parentheses.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
