// Makes what a job runs: dist/runner.cjs, which node starts, and dist/runner-code.js, which that compiles or takes from its cache.
// Names are kept as they are: those of error classes travel.
import { build } from 'esbuild';

/** Runs the parser when it is first used: that takes some milliseconds, and most calls never need it. */
const lazyParser = {
  name: 'lazy-parser',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^acorn$/ }, ({ kind }) =>
      kind === 'import-statement' ? { path: 'acorn', namespace: 'lazy' } : undefined,
    );
    const names = ['Parser', 'parse'];
    const getters = names.map((name) => `get ${name}() { return require('acorn').${name}; }`);
    const contents = `module.exports = { ${getters.join(', ')} };`;
    onLoad({ filter: /^acorn$/, namespace: 'lazy' }, () => ({ contents, resolveDir: import.meta.dirname }));
  },
};

const common = {
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  define: { 'import.meta.url': '__filename' },
  minifySyntax: true,
  minifyWhitespace: true,
  logLevel: 'warning',
  plugins: [lazyParser],
};
await build({ ...common, entryPoints: ['lib/runner/start.ts'], outfile: 'dist/runner.cjs' });
await build({
  ...common,
  entryPoints: ['lib/runner/main.ts'],
  outfile: 'dist/runner-code.js',
  banner: { js: '(function (require, module, __filename) {' },
  footer: { js: '})' },
});
