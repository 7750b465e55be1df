import { CondorFuturesError } from '../errors.ts';
import type { ComponentStatus } from './component.ts';

/** A map was to be made of no inputs at all. */
export class EmptyMapError extends CondorFuturesError {
  static {
    this.prototype.name = 'EmptyMapError';
  }
}

/** The map of a builder was asked for before it was made. */
export class MapNotMadeError extends CondorFuturesError {
  static {
    this.prototype.name = 'MapNotMadeError';
  }
}

/** A list of options that has not one entry for each input; nothing was submitted. */
export class MisalignedOptionError extends CondorFuturesError {
  /** Such as `submit.request_memory`. */
  readonly option: string;

  constructor(message: string, option: string) {
    super(message);
    this.option = option;
  }

  static {
    this.prototype.name = 'MisalignedOptionError';
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

  static {
    this.prototype.name = 'ComponentPendingError';
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

  static {
    this.prototype.name = 'MapComponentError';
  }
}

/** Something was asked of a map that has been removed, here or by another process. */
export class MapRemovedError extends CondorFuturesError {
  readonly tag: string;

  constructor(tag: string, options?: ErrorOptions) {
    super(`The map ${tag} has been removed`, options);
    this.tag = tag;
  }

  static {
    this.prototype.name = 'MapRemovedError';
  }
}

/** What was asked of components cannot be done in the state that they are in; nothing was changed. */
export class ComponentStateError extends CondorFuturesError {
  readonly components: readonly number[];

  constructor(message: string, components: readonly number[]) {
    super(message);
    this.components = components;
  }

  static {
    this.prototype.name = 'ComponentStateError';
  }
}
