const BY_VALUE = 'what a test runner transforms is sent by value';

/** Cases that come out otherwise in test runners that transform modules, with the reason. */
export const TRANSFORMED: Record<string, string> = {
  'sends functions of modules by reference, whose state begins anew there': BY_VALUE,
  'sends functions of modules under whatever name': BY_VALUE,
  'sends classes of modules by reference, and their instances': BY_VALUE,
  'sends modules as a whole by reference': BY_VALUE,
  'sends an object with a socket inside by reference where a module exports it': BY_VALUE,
  'sends an object with a socket inside that is all that a module exports': BY_VALUE,
  'fails, and does not run other code, where a module is edited later': BY_VALUE,
  'says that private fields of a class that jobs are to load cannot be read': BY_VALUE,
};
