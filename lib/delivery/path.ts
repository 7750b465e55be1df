import { checkOptions } from '../options.ts';
import type { CheckedDelivery } from './delivery.ts';
import { nodeCheck } from './node-check.ts';

/** The node that the job's machine has on its PATH, after the lines of `setup`. A machine without one fails the call with what it has instead. */
export interface PathDelivery {
  readonly method: 'path';
  /**
   * Its name there.
   * @default 'node'
   */
  readonly node?: string;
}

export const path: CheckedDelivery = {
  check: (options) => checkOptions("delivery 'path'", options, { node: ['string'] }),
  deliver: ({ options }) => {
    const { node = 'node' } = options as Omit<PathDelivery, 'method'>;
    return { node, setup: nodeCheck(node) };
  },
};
