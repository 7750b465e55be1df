import { showPath } from './member-path.ts';
import type { Reference } from './reference.ts';

/** For people: where a job takes it from. */
export function showReference(reference: Reference): string {
  switch (reference.kind) {
    case 'intrinsic':
      return reference.path;
    case 'builtin': {
      const { module, path, part } = reference;
      const what = part === 'namespace' ? '*' : showPath(path, part);
      return `${what}${what === '' ? '' : ' of '}node:${module}`;
    }
    case 'module': {
      const { url, path, part, package: packaged } = reference;
      const what = showPath(path, part);
      const where = packaged === undefined ? url : `${packaged.name}@${packaged.version}/${packaged.subpath}`;
      return `${what}${what === '' ? '' : ' of '}${where}`;
    }
    case 'import': {
      const { imported, specifier, parent } = reference;
      return `${imported} of ${specifier}, imported by ${parent}`;
    }
    case 'require':
      return `require of ${reference.parent}`;
  }
}
