import { inspect } from 'node:util';
import { JobError } from '../../base/job-errors.ts';
import { type ComponentStatus, ComponentStateError } from '../../base/map-errors.ts';
import { frameIn, type Scene, type SourceLines } from '../../payload/scene.ts';
import { jobIdOf } from '../../watch/call-records.ts';
import type { MapCore } from '../read/map-core.ts';
import { formatBytes, formatSeconds } from './format-status.ts';

/** Maximum number of lines of stderr in a report. */
const STDERR_LINES = 20;
/** Maximum number of bytes of a stderr file that are read. */
const STDERR_BYTES = 16_384;
/** Maximum number of nested errors in a report. */
const MAX_ERRORS = 10;

const REPORTED: readonly ComponentStatus[] = ['errored', 'removed', 'held'];

/**
 * Collects everything known about a component's failure and formats it.
 * @throws {ComponentStateError} if it has not failed; {@link RangeError}
 */
export async function errorReport(core: MapCore, index: number): Promise<string> {
  const statuses = await core.readStatuses();
  const component = core.component(index);
  const status = statuses[index] as ComponentStatus;
  if (!REPORTED.includes(status))
    throw new ComponentStateError(`Component ${index} is ${status}: there is no error to report`, [index]);
  const { jobSet } = core.reader;
  const { key } = component.call.job;
  const outcome = await core.reader.readOutcome(component).catch(() => undefined);
  const item = outcome?.items.find((each) => 'thrown' in each);
  return formatErrorReport({
    tag: core.tag,
    component: index,
    error: await core.errorOf(index, status),
    attempts: component.call.attempt,
    jobId: jobIdOf(component),
    host: outcome?.host ?? component.life.host,
    run: outcome && {
      startedAt: new Date(outcome.startedAt),
      endedAt: new Date(outcome.endedAt),
      pid: outcome.pid,
      nodeVersion: outcome.nodeVersion,
    },
    scene: item?.scene,
    stderr: await jobSet.readLog(key, 'stderr', STDERR_BYTES).catch(() => ''),
  });
}

/** Reports of all failed or removed components, in order; each is read when the consumer asks for it. */
export async function* errorReports(core: MapCore): AsyncGenerator<string, void, undefined> {
  for (const [index, status] of (await core.readStatuses()).entries()) {
    if (status !== 'errored' && status !== 'removed') continue;
    try {
      yield await errorReport(core, index);
    } catch (error) {
      // Another caller has run the component again meanwhile.
      if (!(error instanceof ComponentStateError)) throw error;
    }
  }
}

/** A component's failure, as far as it is known. */
export interface Failure {
  readonly tag: string;
  readonly component: number;
  readonly error: unknown;
  readonly attempts: number;
  readonly jobId: string | undefined;
  readonly host: string | undefined;
  /** Undefined if its job has left no outcome. */
  readonly run:
    | { readonly startedAt: Date; readonly endedAt: Date; readonly pid: number; readonly nodeVersion: string }
    | undefined;
  /** Undefined if its job has left no outcome, or could not record the context of the error. */
  readonly scene: Scene | undefined;
  readonly stderr: string;
}

/** Formats a failure as a text of several lines. */
export function formatErrorReport(failure: Failure): string {
  const { tag, component, error, scene } = failure;
  const facts = listFacts(failure).filter((fact): fact is [string, string] => fact[1] !== undefined);
  const width = Math.max(...facts.map(([name]) => name.length));
  const parts = [
    `Component ${component} of map ${tag} failed`,
    facts.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`).join('\n'),
    '',
    formatError(error, scene?.sources ?? []),
  ];
  const stderr = lastStderrLines(failure);
  if (stderr !== '') parts.push('', 'The end of its stderr:', indent(stderr));
  return parts.join('\n');
}

function listFacts({ error, attempts, jobId, host, run, scene }: Failure): [string, string | undefined][] {
  const job = error instanceof JobError ? error : undefined;
  const { exitCode, signal, holdReasonCode, timeLimit } = (job ?? {}) as Record<string, unknown>;
  return [
    ['job', jobId === undefined ? undefined : `${jobId}${attempts > 1 ? `, attempt ${attempts}` : ''}`],
    ['host', host === undefined ? undefined : `${host}${run === undefined ? '' : `, process ${run.pid}`}`],
    [
      'when',
      run &&
        `${run.endedAt.toISOString()}, after ${formatSeconds((run.endedAt.getTime() - run.startedAt.getTime()) / 1000)}`,
    ],
    ['exit code', formatScalar(exitCode)],
    ['signal', formatScalar(signal)],
    ['hold code', formatScalar(holdReasonCode)],
    ['time limit', typeof timeLimit === 'number' ? formatSeconds(timeLimit / 1000) : undefined],
    ['memory', job && formatMemory(job)],
    ['node', run && [run.nodeVersion, ...(scene?.packages ?? [])].join(', ')],
    ['scratch', scene?.scratch],
    ['directory', scene && `${scene.directory}, where there were ${formatNames(scene)}`],
    ['stderr', job?.stderrFile],
  ];
}

function formatScalar(value: unknown): string | undefined {
  return typeof value === 'number' || typeof value === 'string' ? String(value) : undefined;
}

function formatMemory({ memoryUsed, memoryRequested }: JobError): string | undefined {
  const used = memoryUsed === undefined ? [] : [`used ${formatBytes(memoryUsed)}`];
  const requested = memoryRequested === undefined ? [] : [`had asked for ${formatBytes(memoryRequested)}`];
  return [...used, ...requested].join(', ') || undefined;
}

function formatNames({ names, count }: Scene): string {
  if (count === 0) return 'no files';
  return `${names.join(' ')}${count > names.length ? ` and ${count - names.length} more` : ''}`;
}

/** Formats an error with its stack, the source lines of each frame, and its causes. */
function formatError(error: unknown, sources: readonly SourceLines[]): string {
  const texts: string[] = [];
  const seen = new Set<unknown>();
  const add = (each: unknown, title: string): void => {
    if (seen.has(each) || seen.size >= MAX_ERRORS) return;
    seen.add(each);
    texts.push(title + (each instanceof Error ? formatOneError(each, sources) : inspect(each, { depth: 2 })));
    if (!(each instanceof Error)) return;
    if (each.cause !== undefined) add(each.cause, 'Caused by: ');
    const { errors } = each as { errors?: unknown };
    if (Array.isArray(errors)) for (const inner of errors as unknown[]) add(inner, 'One of its errors: ');
  };
  add(error, error instanceof Error ? '' : 'It threw what is no Error: ');
  return texts.join('\n');
}

function formatOneError(error: Error, sources: readonly SourceLines[]): string {
  // The other lines of a JobError repeat the facts above, and its stack is one of this process.
  if (error instanceof JobError) return `${error.name}: ${error.message.split('\n')[0] as string}`;
  const head = `${error.name}: ${error.message}`;
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line) && !isInternal(line));
  const shownFrames = frames.flatMap((frame) => {
    const place = frameIn(frame)?.place;
    const source = sources.find((each) => each.place === place);
    return source === undefined ? [frame] : [frame, ...formatSource(source)];
  });
  return [head, ...shownFrames, ...formatProperties(error)].join('\n');
}

/** Whether a frame belongs to the runner, or marks the stack as that of another process. */
function isInternal(line: string): boolean {
  return line.includes('/runner-code.js:') || line.includes(' at condor-futures ');
}

function formatSource({ place, first, lines }: SourceLines): string[] {
  const marked = Number(place.slice(place.lastIndexOf(':') + 1));
  const width = String(first + lines.length).length;
  return lines.map((text, at) => {
    const number = first + at;
    return `      ${number === marked ? '>' : ' '} ${String(number).padStart(width)} | ${text}`.trimEnd();
  });
}

/** Own properties of an error besides the standard ones, such as its code. */
function formatProperties(error: Error): string[] {
  const own = Object.entries(error).filter(
    ([name]) => !['name', 'message', 'stack', 'cause', 'errors'].includes(name),
  );
  return own.length === 0 ? [] : [`  ${inspect(Object.fromEntries(own), { depth: 2 })}`];
}

function lastStderrLines({ stderr, error }: Failure): string {
  const text = stderr.trim() === '' && error instanceof JobError ? error.stderrTail : stderr;
  return text.trimEnd().split('\n').slice(-STDERR_LINES).join('\n');
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '  ');
}
