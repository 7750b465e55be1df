import { setNames } from './error-names.ts';
import { CondorFuturesError } from './errors.ts';

/**
 * The state of a component of a map. `unmaterialized`: the batch system has not taken its job into the queue yet; `transferring`: its
 * files are being transferred; `held`, `suspended`: as HTCondor defines them; `removed`: its job was removed from the queue; `completed`:
 * the call returned; `errored`: it threw, or its job died.
 */
export type ComponentStatus =
  | 'unmaterialized'
  | 'idle'
  | 'running'
  | 'transferring'
  | 'held'
  | 'suspended'
  | 'removed'
  | 'completed'
  | 'errored';

/** A map was to be made of no inputs at all. */
export class EmptyMapError extends CondorFuturesError {}

/** The map of a builder was asked for before it was made. */
export class MapNotMadeError extends CondorFuturesError {}

/** A list of options that has not one entry for each input; nothing was submitted. */
export class MisalignedOptionError extends CondorFuturesError {
  /** Such as `submit.request_memory`. */
  readonly option: string;

  constructor(message: string, option: string) {
    super(message);
    this.option = option;
  }
}

/** The outcome of a component was asked for that has none yet. */
export class ComponentPendingError extends CondorFuturesError {
  readonly component: number;
  readonly status: ComponentStatus;

  constructor(message: string, component: number, status: ComponentStatus) {
    super(message);
    this.component = component;
    this.status = status;
  }
}

/** `wait()` of a map ended, as a component failed, is held, or was removed; `cause` is its error. */
export class MapComponentError extends CondorFuturesError {
  readonly tag: string;
  readonly component: number;
  readonly status: ComponentStatus;

  constructor(tag: string, component: number, status: ComponentStatus, cause: unknown) {
    const what = String((cause as Error | undefined)?.message ?? cause);
    super(`Component ${component} of map ${tag} is ${status}: ${what}`, { cause });
    this.tag = tag;
    this.component = component;
    this.status = status;
  }
}

/** Something was asked of a map that has been removed, here or by another process. */
export class MapRemovedError extends CondorFuturesError {
  readonly tag: string;

  constructor(tag: string, options?: ErrorOptions) {
    super(`The map ${tag} has been removed`, options);
    this.tag = tag;
  }
}

/**
 * The program that made a map has not come to its end, or not yet: no component of it was submitted, and not all inputs are on the disk. If the program
 * is gone, `removeMap()` removes what there is.
 */
export class MapUnfinishedError extends CondorFuturesError {
  readonly tag: string;
  /** Whether its program is still at it. */
  readonly isBeingMade: boolean;

  constructor(tag: string, isBeingMade: boolean) {
    super(
      isBeingMade
        ? `The map ${tag} is just being made. Remedy: load it in a while`
        : `The map ${tag} was not made to its end: its program was ended meanwhile. Remedy: removeMap('${tag}'), and make it again`,
    );
    this.tag = tag;
    this.isBeingMade = isBeingMade;
  }
}

/**
 * The jobs of a map cannot be reached from this program: they are in a queue that this machine cannot ask, or processes of another program. All that is
 * on the disk can be read all the same.
 */
export class MapOutOfReachError extends CondorFuturesError {
  readonly tag: string;

  /** @param why as in "the jobs of the map …" */
  constructor(tag: string, why: string) {
    super(`The jobs of map ${tag} ${why}`);
    this.tag = tag;
  }
}

/** A component has no job, nor will it get one by itself: the program that was to submit it is gone. `rerun()` submits it. */
export class NeverSubmittedError extends CondorFuturesError {
  readonly component: number;

  constructor(component: number) {
    super(
      `Component ${component} was never submitted: the program that was to do so has ended before. Remedy: rerun()`,
    );
    this.component = component;
  }
}

/** `clean()` has removed what it could, and this is why it could not remove the rest. */
export class CleanError extends CondorFuturesError {
  readonly errors: readonly unknown[];
  /** The tags that are gone all the same. */
  readonly removed: readonly string[];

  constructor(errors: readonly unknown[], removed: readonly string[]) {
    const [first] = errors;
    const others = errors.length === 1 ? '' : ` (and ${errors.length - 1} more, see \`errors\`)`;
    super(`Not all could be removed: ${String((first as Error | undefined)?.message ?? first)}${others}`, {
      cause: first,
    });
    this.errors = errors;
    this.removed = removed;
  }
}

/** What was asked of components cannot be done in the state that they are in; nothing was changed. */
export class ComponentStateError extends CondorFuturesError {
  readonly components: readonly number[];

  constructor(message: string, components: readonly number[]) {
    super(message);
    this.components = components;
  }
}

/** A tag that no map can have: the message says what is wrong with it, and has one that would do. */
export class InvalidTagError extends CondorFuturesError {
  readonly tag: string;

  constructor(message: string, tag: string) {
    super(message);
    this.tag = tag;
  }
}

/** Another map of the directory has the tag. */
export class TagTakenError extends CondorFuturesError {
  readonly tag: string;

  constructor(message: string, tag: string) {
    super(message);
    this.tag = tag;
  }
}

/** No map of the directory has the tag. */
export class TagNotFoundError extends CondorFuturesError {
  readonly tag: string;
  /** Tags that there are, and that read much the same; the nearest first. */
  readonly nearest: readonly string[];

  constructor(message: string, tag: string, nearest: readonly string[]) {
    super(message);
    this.tag = tag;
    this.nearest = nearest;
  }
}

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
}

setNames({
  EmptyMapError,
  MapNotMadeError,
  MisalignedOptionError,
  ComponentPendingError,
  MapComponentError,
  MapRemovedError,
  MapUnfinishedError,
  MapOutOfReachError,
  NeverSubmittedError,
  CleanError,
  ComponentStateError,
  InvalidTagError,
  TagTakenError,
  TagNotFoundError,
  MapDiffersError,
});
