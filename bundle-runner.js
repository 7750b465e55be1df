// Makes what a job runs: dist/runner.cjs, which node starts, and dist/runner-code.js, which that compiles or takes from its cache.
// Names are kept as they are: those of error classes travel.
import { build } from 'esbuild';

const common = {
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  define: { 'import.meta.url': '__filename' },
  minifySyntax: true,
  minifyWhitespace: true,
  logLevel: 'warning',
};
await build({ ...common, entryPoints: ['lib/runner/start.ts'], outfile: 'dist/runner.cjs' });
await build({
  ...common,
  entryPoints: ['lib/runner/main.ts'],
  outfile: 'dist/runner-code.js',
  banner: { js: '(function (require, module, __filename) {' },
  footer: { js: '})' },
});
