import { setNames } from './error-classes.ts';
import { CondorFuturesError } from './errors.ts';

/**
 * The state of a component of a map. `unmaterialized`: the batch system has not taken its job into the queue
 * yet; `transferring`: its files are being transferred; `held`, `suspended`: as HTCondor defines them;
 * `removed`: its job was removed from the queue; `completed`: the call returned; `errored`: it threw, or its
 * job died.
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

/** A map cannot be created without inputs. */
export class EmptyMapError extends CondorFuturesError {}

/** The map of a builder was used before it was created. */
export class MapNotMadeError extends CondorFuturesError {}

/** A list of options has another length than the inputs; nothing was submitted. */
export class MisalignedOptionError extends CondorFuturesError {
  /** The name of the option, such as `submit.request_memory`. */
  readonly option: string;

  constructor(message: string, option: string) {
    super(message);
    this.option = option;
  }
}

/** The component has no outcome yet. */
export class ComponentPendingError extends CondorFuturesError {
  readonly component: number;
  readonly status: ComponentStatus;

  constructor(message: string, component: number, status: ComponentStatus) {
    super(message);
    this.component = component;
    this.status = status;
  }
}

/**
 * `wait()` of a map ended because a component failed, is held, or was removed; `cause` is the component's
 * error.
 */
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

/** The map has been removed, by this process or another one. */
export class MapRemovedError extends CondorFuturesError {
  readonly tag: string;

  constructor(tag: string, options?: ErrorOptions) {
    super(`The map ${tag} has been removed`, options);
    this.tag = tag;
  }
}

/**
 * The map is not complete: no component was submitted, and not all inputs are on disk. If the program that
 * was creating it has ended, `removeMap()` deletes what there is.
 */
export class MapUnfinishedError extends CondorFuturesError {
  readonly tag: string;
  /** Whether a program is still creating it. */
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
 * The jobs of a map cannot be controlled from this program: they are in a queue that this machine cannot
 * query, or are processes of another program. Everything on disk can be read all the same.
 */
export class MapOutOfReachError extends CondorFuturesError {
  readonly tag: string;

  /** @param why the end of a sentence that begins with "the jobs of the map …" */
  constructor(tag: string, why: string) {
    super(`The jobs of map ${tag} ${why}`);
    this.tag = tag;
  }
}

/** The component has no job, because the program that was to submit it has ended. `rerun()` submits it. */
export class NeverSubmittedError extends CondorFuturesError {
  readonly component: number;

  constructor(component: number) {
    super(
      `Component ${component} was never submitted: the program that was to do so has ended before. Remedy: rerun()`,
    );
    this.component = component;
  }
}

/** `clean()` could not remove everything; it has removed what it could. */
export class CleanError extends CondorFuturesError {
  readonly errors: readonly unknown[];
  /** The tags of the maps that were removed. */
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

/** The action is not possible in the state of some components; nothing was changed. */
export class ComponentStateError extends CondorFuturesError {
  readonly components: readonly number[];

  constructor(message: string, components: readonly number[]) {
    super(message);
    this.components = components;
  }
}

/** The tag is not valid: the message says why, and suggests a valid one. */
export class InvalidTagError extends CondorFuturesError {
  readonly tag: string;

  constructor(message: string, tag: string) {
    super(message);
    this.tag = tag;
  }
}

/** Another map of the directory has this tag. */
export class TagTakenError extends CondorFuturesError {
  readonly tag: string;

  constructor(message: string, tag: string) {
    super(message);
    this.tag = tag;
  }
}

/** No map of the directory has this tag. */
export class TagNotFoundError extends CondorFuturesError {
  readonly tag: string;
  /** Existing tags with a similar spelling; the most similar first. */
  readonly nearest: readonly string[];

  constructor(message: string, tag: string, nearest: readonly string[]) {
    super(message);
    this.tag = tag;
    this.nearest = nearest;
  }
}

/**
 * With `reuse: true`: the map of this tag is another one, which cannot be extended. Nothing of it was
 * changed.
 */
export class MapDiffersError extends TagTakenError {
  /**
   * The part that differs. `form`: one map is of `createMap`, say, and the other of `createProduct`;
   * `surroundings`: options such as `environment`.
   */
  readonly difference: 'function' | 'surroundings' | 'form' | 'inputs';
  /** The first component whose input differs, if `difference` is `inputs`. */
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
