import type { MetaProperty } from 'acorn';

/** How a text uses a name that it does not declare. */
export interface FreeName {
  readonly name: string;
  /** Whether it assigns to it, in any way, at any depth of nested functions. */
  readonly written: boolean;
  /**
   * The properties it reads, if reading `name.property` (also `name['property']`, also in order to call it) is all it
   * does with the name; otherwise `undefined`.
   */
  readonly members: ReadonlySet<string> | undefined;
}

/** What a part of a text takes from what is around the text. */
export class Uses {
  readonly free: NameUses = new NameUses();
  /** Names of the scopes that are watched. */
  readonly watched: NameUses = new NameUses();
  readonly lexical = { this: false, arguments: false, newTarget: false, super: false };
  readonly privateNames: Set<string> = new Set();
  readonly importMetas: MetaProperty[] = [];
  dynamicImport = false;
  directEval = false;
  usesWith = false;
}

export class NameUses {
  readonly byName: Map<string, FreeName & { written: boolean; members: Set<string> | undefined }> = new Map();

  /** @param member the property it is used for, if that is read and nothing else done */
  note(name: string, written: boolean, member: string | undefined): void {
    let use = this.byName.get(name);
    if (use === undefined) {
      use = { name, written: false, members: new Set() };
      this.byName.set(name, use);
    }
    if (written) use.written = true;
    if (member === undefined) use.members = undefined;
    else use.members?.add(member);
  }
}
