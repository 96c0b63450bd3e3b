import { builtinModules } from 'node:module';
import type { Plugin } from 'esbuild';

/**
 * `import … from 'node:http'` makes Node copy every export of the built-in module into an ES module, which calls its
 * lazy getters: http alone loads all of undici, some 15 ms of a cold start. `process.getBuiltinModule` does not. It
 * also serves `require` in CommonJS dependencies, so that no `createRequire` is needed.
 */
export const builtinsWithoutCopies: Plugin = {
  name: 'builtins-without-copies',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(node:)?[a-z0-9_]+(\/[a-z0-9_]+)*$/ }, ({ path, kind }) => {
      const name = path.replace(/^node:/, '');
      if (!builtinModules.includes(name)) return undefined;
      return {
        path: name,
        namespace: kind === 'import-statement' ? 'node-import' : 'node-require',
        sideEffects: false,
      };
    });
    onLoad({ filter: /.*/, namespace: 'node-require' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule('node:${path}');`,
    }));
    onLoad({ filter: /.*/, namespace: 'node-import' }, ({ path }) => ({ contents: namedExportsOf(path) }));
  },
};

/** Marked as pure, so that only the names that somebody imports are read from the built-in module. */
function namedExportsOf(builtin: string): string {
  const names = Object.keys(process.getBuiltinModule(`node:${builtin}`) ?? {}).filter((name) =>
    /^[A-Za-z]\w*$/.test(name),
  );
  return [
    `const builtin = /* @__PURE__ */ process.getBuiltinModule('node:${builtin}');`,
    'const read = (name) => builtin[name];',
    ...names.map((name) => `const $${name} = /* @__PURE__ */ read('${name}'); export { $${name} as ${name} };`),
    'export default builtin;',
  ].join('\n');
}
