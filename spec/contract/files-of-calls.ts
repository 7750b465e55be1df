import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { ClusterExecutor } from '../../lib/cluster/cluster-executor.ts';
import { InputFileError, OutputFileError } from '../../lib/base/errors.ts';
import { outputFile } from '../../lib/job.ts';
import { inputDirectory, inputFile } from '../../lib/payload/given-files.ts';
import { collect } from '../support/collect.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { groupExecutor, type Subject } from './subject.ts';

/** To be submitted: the text of a file, or of all files in a directory by their names. */
async function read(path: string): Promise<unknown> {
  const { readdirSync, readFileSync: readText, statSync } = await import('node:fs');
  if (statSync(path).isFile()) return readText(path, 'utf8');
  const names = readdirSync(path, { recursive: true }) as string[];
  return Object.fromEntries(
    names
      .toSorted()
      .map((name) => [
        name,
        statSync(`${path}/${name}`).isFile() ? readText(`${path}/${name}`, 'utf8') : '/',
      ]),
  );
}

/** To be submitted: writes files in a directory of its own, and sends them back. */
async function send(directory: string, texts: Record<string, string>, paths: string[]): Promise<void> {
  const { mkdirSync: make, writeFileSync: write } = await import('node:fs');
  const { dirname } = await import('node:path');
  make(directory, { recursive: true });
  process.chdir(directory);
  for (const [name, text] of Object.entries(texts)) {
    make(dirname(`${directory}/${name}`), { recursive: true });
    write(`${directory}/${name}`, text);
  }
  for (const path of paths) outputFile(path);
}

/** Files that calls are given, and send back. */
export function filesOfCalls(subject: Subject): void {
  describe('files of calls', () => {
    const executor = groupExecutor(subject);
    const here = join(subject.options.directory, 'files "of", calls; é');
    const place = (name: string, text: string): string => {
      const path = join(here, name);
      mkdirSync(join(path, '..'), { recursive: true });
      writeFileSync(path, text);
      return path;
    };
    let directories = 0;
    const directoryThere = (): string => {
      directories += 1;
      return `${here}/there-${directories}`;
    };

    it.each(['it\'s, a "file"; ü=$(x).txt', '-rf', ' led and trailed ', 'a\\b', 'empty'])(
      'brings a call the file %s',
      async (name) => {
        const path = place(name, name === 'empty' ? '' : `text of ${name}`);
        expect(await executor().submit(read, inputFile(path))).toBe(readFileSync(path, 'utf8'));
      },
    );

    it('brings files by whatever way they are in the arguments, as strings', async () => {
      const [a, b] = [place('one/data', 'of one'), place('two/data', 'of two')];
      const given = {
        list: [inputFile(a)],
        map: new Map([['b', inputFile(b)]]),
        set: new Set([inputFile(a)]),
      };
      const seen = await executor().submit(async ({ list, map, set }: typeof given) => {
        const { readFileSync: readText } = await import('node:fs');
        const paths = [...list, ...map.values(), ...set];
        return {
          kinds: paths.map((path) => typeof path),
          texts: paths.map((path) => readText(path, 'utf8')),
          isOne: set.has(list[0] as string),
        };
      }, given);
      expect(seen).toEqual({
        kinds: ['string', 'string', 'string'],
        texts: ['of one', 'of two', 'of one'],
        isOne: true,
      });
    });

    it('brings a directory with all that is in it, and what links in it lead to', async () => {
      const path = join(here, 'a directory');
      place('a directory/x', 'x');
      place('a directory/below/y, z', 'y');
      place('elsewhere/w', 'w');
      mkdirSync(join(path, 'empty'));
      symlinkSync(join(here, 'elsewhere'), join(path, 'linked'));
      symlinkSync('x', join(path, 'link'));
      const seen = await executor().submit(read, inputDirectory(path));
      expect(seen).toMatchObject({ x: 'x', link: 'x', 'below/y, z': 'y', empty: '/', linked: '/' });
      expect(await executor().submit(read, inputFile(join(path, 'linked', 'w')))).toBe('w');
    });

    it('brings each call of a map its file, whatever shares a job', async () => {
      const files = ['p', 'q', 'r'].map((name) => inputFile(place(`map/${name}`, name)));
      expect(await collect(executor().map(read, files, { chunkSize: 2 }))).toEqual(['p', 'q', 'r']);
    });

    it('fails a call alone whose file is not there, or is something else, and names it', async () => {
      const path = join(here, 'no such file');
      const missing = await thrownBy(executor().submit(read, inputFile(path)));
      expect(missing).toBeInstanceOf(InputFileError);
      expect(missing).toMatchObject({
        path,
        message: expect.stringContaining(`${path} that a call is given is not there`),
      });
      const other = await thrownBy(executor().submit(read, inputFile(here)));
      expect((other as Error).message).toContain('Remedy: inputDirectory()');
      const file = place('no directory', '');
      expect(await thrownBy(executor().submit(read, inputDirectory(file)))).toBeInstanceOf(InputFileError);
    });

    it('refuses a file that a function has captured, and says what to do', async () => {
      const captured = inputFile(place('captured', ''));
      const error = await thrownBy(executor().submit(() => captured));
      expect((error as Error).message).toMatch(
        /input file .*captured, outside of the arguments.*\n.*as an argument/,
      );
    });

    it('keeps the files that a call sends back, by their names', async () => {
      const texts = {
        'plain.txt': 'plain',
        'below/-x "y", ü;=.txt': 'odd',
        'tree/a/b': 'b',
        'tree/empty': '',
        left: 'left',
      };
      const future = executor().submit(send, directoryThere(), texts, [
        'plain.txt',
        'below/-x "y", ü;=.txt',
        'tree',
      ]);
      await future;
      const files = await future.outputFiles();
      expect(Object.fromEntries(files.map(({ name, path }) => [name, readFileSync(path, 'utf8')]))).toEqual({
        'plain.txt': 'plain',
        'below/-x "y", ü;=.txt': 'odd',
        'tree/a/b': 'b',
        'tree/empty': '',
      });
    });

    it('keeps them of a call that fails, and those of its last attempt', async () => {
      const future = executor()
        .with({ retries: 1 })
        .submit(async (directory: string) => {
          const { existsSync, mkdirSync: make, writeFileSync: write } = await import('node:fs');
          const name = existsSync(directory) ? 'second' : 'first';
          make(directory, { recursive: true });
          write(`${directory}/${name}`, name);
          outputFile(`${directory}/${name}`);
          throw new Error(name);
        }, directoryThere());
      expect(await thrownBy(future)).toEqual(new Error('second'));
      expect((await future.outputFiles()).map(({ name }) => name)).toEqual(['second']);
    });

    it('keeps them when the executor is shut down', async () => {
      const other = subject.makeExecutor({ keepFiles: 'none' });
      const future = other.submit(send, directoryThere(), { kept: 'kept' }, ['kept']);
      await future;
      await other.shutdown();
      const [file] = await future.outputFiles();
      expect(readFileSync(file?.path as string, 'utf8')).toBe('kept');
      expect(file?.path).toContain((other as ClusterExecutor).id);
    });

    it('fails a call that sends what is not there, or no file of its own', async () => {
      const future = executor().submit(send, directoryThere(), {}, ['nothing']);
      const error = await thrownBy(future);
      expect(error).toBeInstanceOf(OutputFileError);
      expect((error as Error).message).toMatch(/there-\d+\/nothing is not there/);
      const whole = await thrownBy(executor().submit(send, directoryThere(), {}, ['.']));
      expect((whole as Error).message).toContain('Remedy: name what is in it');
      expect(await thrownBy(executor().submit(send, directoryThere(), {}, ['']))).toBeInstanceOf(TypeError);
      expect(await future.outputFiles()).toEqual([]);
    });

    it('sends files back only in the course of a call', () => {
      expect(() => outputFile('x')).toThrow('outputFile("x") is not called in the course of a job\'s call');
    });
  });
}
