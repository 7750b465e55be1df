import { Account as Saved } from './library.mjs';

class Account {
  #balance = 0;
  #history = [];
  owner;
  constructor(owner) {
    this.owner = owner;
  }
  #note(entry) {
    this.#history.push(entry);
    return this;
  }
  get #last() {
    return this.#history.at(-1);
  }
  set #last(entry) {
    this.#history[this.#history.length - 1] = entry;
  }
  deposit(amount) {
    this.#balance += amount;
    return this.#note(`+${amount}`);
  }
  amend(entry) {
    this.#last = entry;
    return [this.#last, this.#balance, this.#history.length];
  }
  get balance() {
    return this.#balance;
  }
  static isAccount(value) {
    return #balance in value && #note in value;
  }
}

class Savings extends Account {
  #balance = 'another private name of the same spelling';
  #rate = 2;
  constructor(owner, rate) {
    super(owner.toUpperCase());
    this.#rate = rate;
  }
  describe() {
    return [this.owner, super.balance, this.#balance, this.#rate];
  }
}

class Sequence {
  static #next = 1;
  static #take() {
    return Sequence.#next++;
  }
  static get #peek() {
    return Sequence.#next;
  }
  static take() {
    return [this.#take(), Sequence.#peek];
  }
  static taker() {
    return () => Sequence.#take();
  }
}

export const cases = {
  'sends functions that share a variable with one that uses private members': {
    send() {
      class Holder {
        #x = 1;
        both(given) {
          let n = given;
          return { add: () => (n += 1), read: () => this.#x + n };
        }
      }
      const { add, read } = new Holder().both(4);
      return () => [add(), read()];
    },
    gives: [5, 6],
  },
  'sends instances with private fields of a class that a module exports': {
    send() {
      class Savings extends Saved {
        #rate = 2;
        interest() {
          return this.balance * this.#rate;
        }
      }
      const account = new Saved().deposit(1);
      const savings = new Savings().deposit(2);
      const isSaved = (value) => value instanceof Saved;
      return () => [
        account.balance,
        new Saved().deposit(3).balance,
        [account, new Saved(), savings, {}].map(isSaved),
        savings.interest(),
      ];
    },
    gives: [1, 3, [true, true, true, false], 4],
  },
  'keeps private fields as they are now': {
    send() {
      const account = new Account('ann').deposit(5).deposit(6);
      return () => [account.balance, account.amend('amended'), account.owner, account.deposit(1).balance];
    },
    gives: [11, ['amended', 11, 2], 'ann', 12],
  },
  'knows instances by their private names': {
    send() {
      const account = new Account('ann');
      return () => [Account.isAccount(account), Account.isAccount(new Account('b')), Account.isAccount({})];
    },
    gives: [true, true, false],
  },
  'keeps private members of a class and of its parent apart': {
    send() {
      const savings = new Savings('ann', 3).deposit(7);
      return () => [savings.describe(), savings.balance, new Savings('b', 1).describe()];
    },
    gives: [
      ['ANN', 7, 'another private name of the same spelling', 3],
      7,
      ['B', 0, 'another private name of the same spelling', 1],
    ],
  },
  'sends an instance with private fields as an argument': {
    send: () => (account) => [
      Account.isAccount(account),
      account.deposit(1).balance,
      account instanceof Account,
    ],
    with: () => [new Account('ann').deposit(5)],
    gives: [true, 6, true],
  },
  'sends an instance with private fields home': {
    send: () => () => new Savings('ann', 3).deposit(7),
    home: (savings) => [Account.isAccount(savings), savings instanceof Savings, savings.describe()],
    // Its private members are those of a stand-in for the class, whose constructor must not run.
    gives: [false, true, ['ANN', 7, 'another private name of the same spelling', 3]],
    givesHere: [true, true, ['ANN', 7, 'another private name of the same spelling', 3]],
  },
  'keeps private static state': {
    send() {
      Sequence.take();
      const taker = Sequence.taker();
      return () => [Sequence.take(), taker(), Sequence.take()];
    },
    gives: [[2, 3], 3, [4, 5]],
  },
  'keeps private fields that hold functions, other instances and the instance itself': {
    send() {
      class Node {
        #self = this;
        #parent;
        #visit = () => this.#parent?.path() ?? [];
        constructor(name, parent) {
          this.name = name;
          this.#parent = parent;
        }
        path() {
          return [...this.#visit(), this.#self.name];
        }
      }
      const leaf = new Node('leaf', new Node('branch', new Node('root')));
      return () => [leaf.path(), new Node('twig', leaf).path().length];
    },
    gives: [['root', 'branch', 'leaf'], 4],
  },
  'keeps private fields of subclasses of classes of the language': {
    send() {
      class Tagged extends Map {
        #tag;
        constructor(tag, entries) {
          super(entries);
          this.#tag = tag;
        }
        get tag() {
          return `${this.#tag} with ${this.size}`;
        }
      }
      const tagged = new Tagged('tag', [[1, 2]]);
      return () => [tagged.tag, new Tagged('new').tag, tagged.get(1)];
    },
    gives: ['tag with 1', 'new with 0', 2],
  },
  'keeps private fields that an initialiser or a constructor would fail to set again': {
    send() {
      let made = 0;
      class Once {
        #n = ++made;
        #given;
        constructor(given) {
          if (given === undefined) throw new Error('a given value is required');
          this.#given = given;
        }
        get all() {
          return [this.#n, this.#given];
        }
      }
      const once = new Once('given');
      return () => [once.all, made, new Once('next').all];
    },
    gives: [[1, 'given'], 1, [2, 'next']],
  },
  'keeps private fields of frozen instances': {
    send() {
      class Sealed {
        #n = 1;
        constructor() {
          Object.freeze(this);
        }
        next() {
          return ++this.#n;
        }
      }
      const sealed = new Sealed();
      return () => [sealed.next(), Object.isFrozen(sealed)];
    },
    gives: [2, true],
  },
};
