import { isAbsolute } from 'node:path';
import { checkOptions, showValue } from '../base/checks.ts';
import { CondorFuturesError, DeliveryError } from '../base/errors.ts';
import type { BatchSystem } from '../batch/batch-system.ts';
import { keyOf, REQUIREMENTS, type SubmitOptions } from '../batch/submit-options.ts';
import { pathInScratch, variableProblem } from '../job-set/job-script.ts';
import type { JobSet } from '../job-set/job-set.ts';
import { mainUrl } from '../payload/main-program.ts';
import type { AnyDelivery, Delivered, DeliveryContext } from './delivery.ts';
import { chooseDelivery, type ChosenDelivery } from './methods.ts';

/** An executor's options that decide about the delivery. */
interface DeliveryOptions extends Pick<
  DeliveryContext,
  'directory' | 'filesystem' | 'cwd' | 'node' | 'execArgv' | 'submit'
> {
  /** Undefined for the method `shared`. */
  readonly delivery: ChosenDelivery | undefined;
}

const EMPTY: Omit<Required<Delivered>, 'node'> = { setup: [], submit: {}, files: [], environment: {} };

/**
 * Decides which node the jobs of a job set run, and what they need for that.
 * @throws {DeliveryError} if the method fails, or its answer is invalid
 */
export async function deliveredBy(
  system: BatchSystem,
  { delivery, directory, filesystem, cwd, node, execArgv, submit }: DeliveryOptions,
): Promise<Required<Delivered>> {
  if (delivery === undefined) return { ...EMPTY, node };
  return deliver(delivery, system, {
    directory,
    filesystem,
    system: system.name,
    cwd,
    main: mainUrl(),
    node,
    execArgv,
    submit,
  });
}

/**
 * Asks a delivery method, and checks its answer.
 * @throws {DeliveryError} if the method fails, or its answer is invalid
 */
export async function deliver(
  { name, options, method, executor }: ChosenDelivery,
  system: Pick<BatchSystem, 'checkSubmitOptions'>,
  about: Omit<DeliveryContext, 'options' | 'ask'>,
): Promise<Required<Delivered>> {
  const ask = async (other: AnyDelivery): Promise<Delivered> => {
    const chosen = chooseDelivery(executor, other, undefined);
    return chosen === undefined ? { node: about.node } : deliver(chosen, system, about);
  };
  try {
    const answer: unknown = await method.deliver({ ...about, options, ask });
    const delivered = { ...EMPTY, ...checkAnswer(answer) };
    system.checkSubmitOptions(delivered.submit);
    checkFiles(delivered.files, about);
    checkEnvironment(delivered.environment);
    return { ...delivered, submit: checkConflicts(delivered.submit, about.submit) };
  } catch (error) {
    if (error instanceof CondorFuturesError) throw error;
    throw new DeliveryError(name, `cannot be used: ${messageOf(error)}`, { cause: error });
  }
}

/** The part of a delivery that concerns later submissions of a job set, as recorded in its header. */
export function deliveredIn(header: { readonly delivery?: unknown }): Pick<JobSet, 'submit' | 'brings'> {
  const { submit = {}, files = [] } = (header.delivery ?? {}) as Partial<Delivered>;
  return { submit, brings: files };
}

function checkAnswer(answer: unknown): Delivered {
  checkOptions('what a delivery returns', answer as object, {
    node: ['string'],
    setup: ['array of strings'],
    submit: ['object'],
    files: ['array of strings'],
    environment: ['object'],
  });
  const { node } = answer as Partial<Delivered>;
  if (node === undefined || node === '') {
    throw new TypeError(
      `Expected \`node\` of what it returns to be a path or a name, got ${showValue(node)}`,
    );
  }
  const given = Object.entries(answer as Delivered).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as unknown as Delivered;
}

function checkFiles(
  files: readonly string[],
  { filesystem, directory }: Pick<DeliveryContext, 'filesystem' | 'directory'>,
): void {
  if (files.length === 0) return;
  if (filesystem === 'shared') {
    throw new TypeError(
      `it wants files brought to the jobs, ${files.join(', ')}, which find theirs on the shared filesystem. Remedy: name their paths there`,
    );
  }
  for (const file of files) {
    if (!isAbsolute(file)) throw new TypeError(`Expected \`files\` to be absolute paths, got ${file}`);
    const name = pathInScratch(directory, file) ?? file;
    if (/[,"$]|^\s|\s$/.test(name)) {
      throw new TypeError(
        `HTCondor cannot bring ${file} to the jobs, for the characters in its name. Remedy: another name, or a place below ${directory}`,
      );
    }
  }
}

function checkEnvironment(environment: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(environment)) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || typeof value !== 'string') {
      throw new TypeError(
        `Expected \`environment\` to have names of letters, digits and _ and strings as values, got \`${name}\`: ${showValue(value)}`,
      );
    }
    const trouble = variableProblem(name, value);
    if (trouble !== undefined) throw new TypeError(`The variable ${name} of its \`environment\` ${trouble}`);
  }
}

/**
 * Refuses submit commands that the user sets too, except `requirements`, whose name is normalized so that
 * they are combined.
 */
function checkConflicts(submit: SubmitOptions, own: SubmitOptions): SubmitOptions {
  const ownNames = new Map(Object.keys(own).map((name) => [keyOf(name), name]));
  return Object.fromEntries(
    Object.entries(submit).map(([name, value]) => {
      if (keyOf(name) === REQUIREMENTS) return ['requirements', value];
      const other = ownNames.get(keyOf(name));
      if (other === undefined) return [name, value];
      throw new TypeError(
        `it sets the submit command \`${name}\`, and so does the option \`submit\`. Remedy: leave one of them out`,
      );
    }),
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
