import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

/** What each room may import of the others; the first room that a file's path begins with counts. */
const rules: readonly { readonly room: string; readonly may: readonly string[] }[] = [
  { room: 'functions/', may: ['shared/'] },
  {
    room: 'shared/rotation/',
    may: ['shared/rotation/', 'shared/secrets/', 'shared/settings/', 'shared/errors.ts', 'shared/observability.ts'],
  },
  { room: 'shared/engines/', may: ['shared/engines/', 'shared/secrets/sensitive.ts', 'shared/errors.ts'] },
  {
    room: 'shared/providers/',
    may: ['shared/providers/', 'shared/aws/', 'shared/clock.ts', 'shared/secrets/sensitive.ts', 'shared/errors.ts'],
  },
  { room: 'shared/schedule/', may: ['shared/schedule/'] },
  { room: 'shared/settings/', may: ['shared/settings/', 'shared/errors.ts'] },
  { room: 'shared/aws/', may: ['shared/aws/', 'shared/errors.ts'] },
  { room: 'shared/rds/', may: ['shared/rds/', 'shared/aws/', 'shared/errors.ts'] },
  { room: 'shared/secrets/', may: ['shared/secrets/', 'shared/aws/', 'shared/errors.ts'] },
  {
    room: 'shared/strategies/',
    may: [
      'shared/strategies/',
      'shared/rotation/',
      'shared/secrets/',
      'shared/settings/',
      'shared/engines/engine.ts',
      'shared/engines/alternating-engine.ts',
      'shared/engines/overlapping-engine.ts',
      'shared/providers/provider.ts',
      'shared/clock.ts',
      'shared/rds/',
      'shared/errors.ts',
    ],
  },
  { room: 'shared/', may: ['shared/'] },
  { room: 'infra/operations/', may: ['infra/operations/', 'shared/'] },
  // A package holds what was built just now, and nothing that an earlier build left.
  { room: 'infra/package', may: ['infra/', 'build'] },
  { room: 'infra/', may: ['infra/', 'shared/schedule/', 'shared/settings/'] },
  { room: 'build', may: ['build'] },
  { room: 'local/', may: ['local/', 'shared/', 'build'] },
  { room: 'events/', may: ['events/', 'local/', 'shared/', 'build'] },
  { room: 'bench/', may: ['bench/', 'local/', 'shared/', 'events/', 'build', 'test/support/'] },
];

const files = sourceFiles(root).filter((file) => !file.startsWith('test/') && file !== 'vitest.config.ts');

describe('dependencies point one way', () => {
  it('covers every file by a rule', () => {
    expect(files.filter((file) => ruleOf(file) === undefined)).toEqual([]);
    expect(files.length).toBeGreaterThan(50);
  });

  it.each(rules)('$room imports only $may', ({ room, may }) => {
    const broken = files
      .filter((file) => ruleOf(file)?.room === room)
      .flatMap((file) => importsOf(file).map((target) => ({ file, target })))
      .filter(({ target }) => !may.some((allowed) => target.startsWith(allowed)))
      .map(({ file, target }) => `${file} imports ${target}`);
    expect(broken).toEqual([]);
  });

  it('sees an import that breaks a rule', () => {
    expect(
      importsIn("import { a } from '../local/start.ts';\nconst b = await import('./b.ts');", 'shared/x.ts'),
    ).toEqual(['local/start.ts', 'shared/b.ts']);
  });
});

function ruleOf(file: string) {
  return rules.find(({ room }) => file.startsWith(room));
}

function importsOf(file: string): string[] {
  return importsIn(readFileSync(join(root, file), 'utf8'), file);
}

/** Relative imports, as paths from the root. Packages and Node's own modules are the bundle test's business. */
function importsIn(text: string, file: string): string[] {
  const specifiers = [...text.matchAll(/(?:\bfrom\s+|\bimport\s*\(?\s*)'(\.[^']+)'/g)].map(
    ([, specifier = '']) => specifier,
  );
  return specifiers.map((specifier) => normalize(join(dirname(file), specifier)));
}

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (['node_modules', 'dist', 'cdk.out', '.git'].includes(entry.name)) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sourceFiles(path);
    return entry.name.endsWith('.ts') ? [relative(root, path)] : [];
  });
}
