import { TagTakenError } from './tag-errors.ts';

/** With `reuse: true`: the tag is that of a map that cannot be gone on with, as it is of something else. Nothing of it was changed. */
export class MapDiffersError extends TagTakenError {
  /** `form`: one was made by `createMap`, say, and one by `createProduct`; `surroundings`: `environment` and the like. */
  readonly difference: 'function' | 'surroundings' | 'form' | 'inputs';
  /** The first component with another input, where that is the difference. */
  readonly component: number | undefined;

  constructor(tag: string, difference: MapDiffersError['difference'], what: string, component?: number) {
    super(
      `The map ${tag} cannot be gone on with: ${what}. Remedy: remove that map, or choose another tag; outcomes that fit are reused all the same`,
      tag,
    );
    this.difference = difference;
    this.component = component;
  }

  static {
    this.prototype.name = 'MapDiffersError';
  }
}
