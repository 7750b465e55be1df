import { showValue } from './options.ts';

/** How to attach to a job set. */
export interface AttachOptions {
  /**
   * Take the job set over from a process of another machine, of which cannot be told whether it lives. Two processes that look after one job
   * set would remove each other's files.
   * @default false
   */
  readonly takeOver?: boolean | undefined;
}

/** @throws {TypeError} */
export function checkAttach<Options extends AttachOptions>(
  owner: string,
  id: string,
  options: Options,
): Options {
  if (typeof id !== 'string' || id === '' || /[/\\]|^\.+$/.test(id)) {
    throw new TypeError(`Expected \`id\` of ${owner} to be the \`id\` of an executor, got ${showValue(id)}`);
  }
  const { takeOver } = options;
  if (takeOver !== undefined && typeof takeOver !== 'boolean') {
    throw new TypeError(`Expected \`takeOver\` of ${owner} to be a boolean, got ${showValue(takeOver)}`);
  }
  return options;
}
