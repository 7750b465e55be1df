import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { SerializationError } from '../../lib/base/errors.ts';
import { inputDirectory, inputFile, inputFileOf } from '../../lib/payload/given-files.ts';
import { serialize } from '../../lib/payload/serialize.ts';
import { thrownBy } from '../support/thrown-by.ts';

const objectOf = (path: string): object => path as unknown as object;

describe('An input file', () => {
  it.each<[given: string | URL, path: string, isUrl: boolean]>([
    ['data/a, b.csv', resolve('data/a, b.csv'), false],
    ['/data/./x', '/data/x', false],
    ['C:x', resolve('C:x'), false],
    [pathToFileURL('/data/a b#c'), '/data/a b#c', false],
    ['file:///data/x', 'file:///data/x', true],
    ['osdf:///pool/x?pack=auto', 'osdf:///pool/x?pack=auto', true],
    [new URL('https://example.org/a b'), 'https://example.org/a%20b', true],
  ])('named by %s is %s', (given, path, isUrl) => {
    expect(inputFileOf(objectOf(inputFile(given)))).toEqual({ kind: 'file', path, isUrl });
  });

  it('can be used as a string here', () => {
    const file = inputFile('data/x.csv');
    expect([file.endsWith('.csv'), `${file}.gz`, file.length]).toEqual([
      true,
      `${resolve('data/x.csv')}.gz`,
      resolve('data/x.csv').length,
    ]);
    expect(inputFileOf(objectOf(inputDirectory('data')))).toMatchObject({ kind: 'directory' });
  });

  it.each<[given: unknown, message: string]>([
    ['', 'Expected `path` of inputFile() to be a path or a URL'],
    [7, 'got `7` (number)'],
    [undefined, 'got `undefined`'],
    ['https://example.org/a,b', 'has white space, a comma'],
    ['https://example.org/$(x)', 'a dollar sign'],
    ['https://example.org/a b', 'such as %20'],
    ['https://example.org/', 'names no file'],
  ])('is not named by %p', (given, message) => {
    expect(() => inputFile(given as string)).toThrow(message);
    expect(() => inputFile(given as string)).toThrow(TypeError);
  });

  it('is no directory of a URL', () => {
    expect(() => inputDirectory('https://example.org/x')).toThrow('HTCondor fetches files alone');
  });

  it('goes with the arguments of a call alone', async () => {
    const error = await thrownBy((async () => serialize({ list: [inputFile('/data/x')] }))());
    expect(error).toBeInstanceOf(SerializationError);
    expect((error as Error).message).toContain('the input file /data/x, outside of the arguments of a call');
  });
});
