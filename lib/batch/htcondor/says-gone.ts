/**
 * Whether condor_rm failed only because jobs have left the queue. Where the schedd does not answer it says that it could not find them
 * as well, but above that, why.
 */
export function saysGone(stderr: string): boolean {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  return lines.length > 0 && lines.every((line) => /^Job \S+ not found|^Couldn't find/.test(line));
}
