/** What a job event log says of a cluster whose jobs come into the queue bit by bit: "late materialization" in the manual. */
export type ClusterEvent =
  | { readonly cluster: string; readonly kind: 'submitted' | 'resumed' }
  /** No more jobs come until it is resumed. */
  | {
      readonly cluster: string;
      readonly kind: 'paused';
      readonly reason: string;
      readonly code: number | undefined;
    }
  /** It is gone, and so many of its jobs have ever been in the queue: those with the lowest numbers. */
  | { readonly cluster: string; readonly kind: 'removed'; readonly jobs: number };

/** An event of a cluster: its code, the cluster, and what stands under it up to the end of the event. */
const EVENT = /^(03[5-8]) \((\d+)\.-0?1\.\d+\) .*\n((?:(?!\.\.\.\r?\n).*\n)*?)\.\.\.\r?$/gm;

/** The events of clusters in a job event log, as far as they are whole. */
export function parseClusterEvents(text: string): ClusterEvent[] {
  return [...text.matchAll(EVENT)].flatMap(([, code = '', number = '', body = '']): ClusterEvent[] => {
    const cluster = String(Number(number));
    switch (code) {
      case '035':
        return [{ cluster, kind: 'submitted' }];
      case '036': {
        const jobs = /Materialized (\d+) jobs/.exec(body)?.[1];
        return jobs === undefined ? [] : [{ cluster, kind: 'removed', jobs: Number(jobs) }];
      }
      case '037':
        return [{ cluster, kind: 'paused', ...pauseOf(body) }];
      default:
        return [{ cluster, kind: 'resumed' }];
    }
  });
}

function pauseOf(body: string): { reason: string; code: number | undefined } {
  const code = /^\s*HoldCode (\d+)/m.exec(body)?.[1];
  const lines = body.split('\n').map((line) => line.trim());
  const reason = lines.filter((line) => line !== '' && !/^(Pause|Hold)Code \d+$/.test(line)).join('; ');
  return {
    reason: reason === '' ? 'no reason was given' : reason,
    code: code === undefined ? undefined : Number(code),
  };
}
