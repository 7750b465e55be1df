import { inspect } from 'node:util';
import { JobError } from '../../base/job-errors.ts';
import { type ComponentStatus, ComponentStateError } from '../../base/map-errors.ts';
import { frameIn, type Scene, type SourceLines } from '../../payload/scene.ts';
import { jobIdOf } from '../read/component.ts';
import type { MapCore } from '../read/map-core.ts';
import { showBytes, showSeconds } from './format-status.ts';

/** What is known of a component that failed. */
export interface Failure {
  readonly tag: string;
  readonly component: number;
  readonly error: unknown;
  readonly attempts: number;
  /** Of its job, as far as that is known. */
  readonly jobId: string | undefined;
  readonly host: string | undefined;
  /** Undefined if its job has left no outcome; `scene` also if that could not be recorded. */
  readonly run:
    | { readonly startedAt: Date; readonly endedAt: Date; readonly pid: number; readonly nodeVersion: string }
    | undefined;
  readonly scene: Scene | undefined;
  readonly stderr: string;
}

/** How much of its stderr is shown, in lines. */
const STDERR_LINES = 20;
/** How many errors within errors are shown. */
const MOST_ERRORS = 10;

/** A report for people. */
export function formatErrorReport(failure: Failure): string {
  const { tag, component, error, scene } = failure;
  const facts = factsOf(failure).filter((fact): fact is [string, string] => fact[1] !== undefined);
  const width = Math.max(...facts.map(([name]) => name.length));
  const parts = [
    `Component ${component} of map ${tag} failed`,
    facts.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`).join('\n'),
    '',
    showError(error, scene?.sources ?? []),
  ];
  const stderr = lastLines(failure);
  if (stderr !== '') parts.push('', 'The end of its stderr:', indent(stderr));
  return parts.join('\n');
}

function factsOf({ error, attempts, jobId, host, run, scene }: Failure): [string, string | undefined][] {
  const job = error instanceof JobError ? error : undefined;
  const { exitCode, signal, holdReasonCode, timeLimit } = (job ?? {}) as Record<string, unknown>;
  return [
    ['job', jobId === undefined ? undefined : `${jobId}${attempts > 1 ? `, attempt ${attempts}` : ''}`],
    ['host', host === undefined ? undefined : `${host}${run === undefined ? '' : `, process ${run.pid}`}`],
    [
      'when',
      run &&
        `${run.endedAt.toISOString()}, after ${showSeconds((run.endedAt.getTime() - run.startedAt.getTime()) / 1000)}`,
    ],
    ['exit code', textOf(exitCode)],
    ['signal', textOf(signal)],
    ['hold code', textOf(holdReasonCode)],
    ['time limit', typeof timeLimit === 'number' ? showSeconds(timeLimit / 1000) : undefined],
    ['memory', job && memoryOf(job)],
    ['node', run && [run.nodeVersion, ...(scene?.packages ?? [])].join(', ')],
    ['scratch', scene?.scratch],
    ['directory', scene && `${scene.directory}, where there were ${namesIn(scene)}`],
    ['stderr', job?.stderrFile],
  ];
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'number' || typeof value === 'string' ? String(value) : undefined;
}

function memoryOf({ memoryUsed, memoryRequested }: JobError): string | undefined {
  const used = memoryUsed === undefined ? [] : [`used ${showBytes(memoryUsed)}`];
  const asked = memoryRequested === undefined ? [] : [`had asked for ${showBytes(memoryRequested)}`];
  return [...used, ...asked].join(', ') || undefined;
}

function namesIn({ names, count }: Scene): string {
  if (count === 0) return 'no files';
  return `${names.join(' ')}${count > names.length ? ` and ${count - names.length} more` : ''}`;
}

/** An error with its stack, the source beside it, and its causes. */
function showError(error: unknown, sources: readonly SourceLines[]): string {
  const shown: string[] = [];
  const seen = new Set<unknown>();
  const add = (each: unknown, title: string): void => {
    if (seen.has(each) || seen.size >= MOST_ERRORS) return;
    seen.add(each);
    shown.push(title + (each instanceof Error ? showOne(each, sources) : inspect(each, { depth: 2 })));
    if (!(each instanceof Error)) return;
    if (each.cause !== undefined) add(each.cause, 'Caused by: ');
    const { errors } = each as { errors?: unknown };
    if (Array.isArray(errors)) for (const inner of errors as unknown[]) add(inner, 'One of its errors: ');
  };
  add(error, error instanceof Error ? '' : 'It threw what is no Error: ');
  return shown.join('\n');
}

function showOne(error: Error, sources: readonly SourceLines[]): string {
  // Of a job that died, the rest of the message and the stack here say nothing new.
  if (error instanceof JobError) return `${error.name}: ${error.message.split('\n')[0] as string}`;
  const head = `${error.name}: ${error.message}`;
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line) && !isOurs(line));
  const lines = frames.flatMap((frame) => {
    const place = frameIn(frame)?.place;
    const source = sources.find((each) => each.place === place);
    return source === undefined ? [frame] : [frame, ...showSource(source)];
  });
  return [head, ...lines, ...propertiesOf(error)].join('\n');
}

/** Frames of the runner, and of what marks the stack as one of another process. */
function isOurs(line: string): boolean {
  return line.includes('/runner-code.js:') || line.includes(' at condor-futures ');
}

function showSource({ place, first, lines }: SourceLines): string[] {
  const marked = Number(place.slice(place.lastIndexOf(':') + 1));
  const width = String(first + lines.length).length;
  return lines.map((text, at) => {
    const number = first + at;
    return `      ${number === marked ? '>' : ' '} ${String(number).padStart(width)} | ${text}`.trimEnd();
  });
}

/** What it has besides, such as a code. */
function propertiesOf(error: Error): string[] {
  const own = Object.entries(error).filter(
    ([name]) => !['name', 'message', 'stack', 'cause', 'errors'].includes(name),
  );
  return own.length === 0 ? [] : [`  ${inspect(Object.fromEntries(own), { depth: 2 })}`];
}

function lastLines({ stderr, error }: Failure): string {
  const text = stderr.trim() === '' && error instanceof JobError ? error.stderrTail : stderr;
  return text.trimEnd().split('\n').slice(-STDERR_LINES).join('\n');
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '  ');
}

/** Those of which something can be told. */
const FAILED: readonly ComponentStatus[] = ['errored', 'removed', 'held'];

/**
 * What is known of a component's failure, as a text.
 * @throws {ComponentStateError} if it has not failed; {@link RangeError}
 */
export async function errorReport(core: MapCore, index: number): Promise<string> {
  const statuses = await core.look();
  const component = core.component(index);
  const status = statuses[index] as ComponentStatus;
  if (!FAILED.includes(status))
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
    host: outcome?.host ?? component.host,
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

/** How much of a job's stderr is read, in bytes. */
const STDERR_BYTES = 16_384;

/** Reports of all components that have failed by now, in their order, each read when it is asked for. */
export async function* errorReports(core: MapCore): AsyncGenerator<string, void, undefined> {
  for (const [index, status] of (await core.look()).entries()) {
    if (status !== 'errored' && status !== 'removed') continue;
    try {
      yield await errorReport(core, index);
    } catch (error) {
      // It is run again meanwhile.
      if (!(error instanceof ComponentStateError)) throw error;
    }
  }
}
