import { checkNumber, checkOptions, showValue } from '../../base/checks.ts';
import type { CheckedDelivery, Delivery } from '../delivery.ts';

/**
 * The program's own modules for machines that do not have them: its directory and the packages that it needs are packed once, and kept in
 * `<directory>/bundles` by what is in them.
 */
export interface BundleDelivery {
  readonly method: 'bundle';
  /**
   * How the jobs come by node: `true` packs the binary that runs this program; or any other delivery.
   * @default 'shared'
   */
  readonly node?: boolean | Delivery;
  /**
   * The directory that is packed.
   * @default the nearest one above the program's file with a package.json
   */
  readonly root?: string;
  /** Paths below the root to take though they are usually left out, such as `.env`; `node_modules/<name>` takes a package, with all that it needs. */
  readonly include?: readonly string[];
  /** What to leave out: names of files or directories, wherever they are, or paths below the root; `*` is anything but a slash. */
  readonly exclude?: readonly string[];
  /**
   * How large the files may be together, in bytes, before they are packed.
   * @default 536870912 (512 MiB)
   */
  readonly sizeLimit?: number;
}

export const bundle: CheckedDelivery = {
  check(options, _executor, check) {
    const owner = "delivery 'bundle'";
    checkOptions(owner, options, {
      node: ['boolean', 'string', 'object'],
      root: ['string'],
      include: ['array of strings'],
      exclude: ['array of strings'],
      sizeLimit: ['number'],
    });
    const { node, sizeLimit = 1, include = [] } = options as Omit<BundleDelivery, 'method'>;
    checkNumber('sizeLimit', sizeLimit, 1);
    const outside = include.find((path) => /^\/|^\.\.?(?:\/|$)|\/\.\.(?:\/|$)/.test(path));
    if (outside !== undefined) {
      throw new TypeError(
        `Expected \`include\` of ${owner} to be paths below its root, such as 'data/table.bin', got ${showValue(outside)}`,
      );
    }
    if (typeof node === 'boolean' || node === undefined) return;
    if (node === 'bundle' || (typeof node === 'object' && node.method === 'bundle')) {
      throw new TypeError(`Expected \`node\` of ${owner} to be true or another delivery, got bundle`);
    }
    check(node);
  },
  // Most programs never need it.
  deliver: async (context) => (await import('./make-bundle.ts')).makeBundle(context),
};
