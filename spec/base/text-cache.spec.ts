import { describe, expect, it } from '@jest/globals';
import { TextCache } from '../../lib/base/text-cache.ts';

const made: string[] = [];
const shout = (text: string) => (): readonly [string, number] => {
  made.push(text);
  return [text.toUpperCase(), text.length];
};

describe('A cache of what was made of texts', () => {
  it('makes a value once, and the oldest again after all texts together were too long', () => {
    const cache = new TextCache<string>(6);
    const ask = (text: string): string => cache.get(text, shout(text));
    expect(['ab', 'cde', 'ab', 'fg', 'cde', 'ab'].map(ask)).toEqual(['AB', 'CDE', 'AB', 'FG', 'CDE', 'AB']);
    expect(made.splice(0)).toEqual(['ab', 'cde', 'fg', 'ab']);
  });

  it('keeps undefined, too, and no text that is too long alone', () => {
    const cache = new TextCache<undefined>(3);
    let count = 0;
    const ask = (length: number): undefined =>
      cache.get(`key ${length}`, () => {
        count += 1;
        return [undefined, length];
      });
    ask(3);
    ask(3);
    expect(count).toBe(1);
    ask(4);
    ask(4);
    expect(count).toBe(3);
  });
});
