import { isMap, isNode, isPair, isScalar, isSeq, LineCounter, type ParsedNode, parseDocument, visit } from 'yaml';
import type { Path } from './problem.ts';

export interface YamlText {
  readonly content: unknown;
  /** What keeps it from being read as one plain document, in which every secret stands whole. */
  readonly problems: readonly { readonly line: number; readonly says: string }[];
  /** Where numbers stand that would be written back otherwise than they are written here. */
  readonly changedNumbers: readonly Path[];
  /** The text without the values at these paths, line by line as it was. */
  textWithout(paths: readonly Path[]): string;
  /** The line of the last key of the path that is there. */
  lineOf(path: Path): number;
}

export function yamlText(text: string): YamlText {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const lineAt = (offset: number) => Math.max(1, lines.linePos(offset).line);
  const problems: { line: number; says: string }[] = [];
  const refuse = (node: { range?: readonly number[] | null | undefined }, says: string) =>
    problems.push({ line: lineAt(node.range?.[0] ?? 0), says });

  for (const { pos, message, code } of [...document.errors, ...document.warnings]) {
    problems.push({ line: lineAt(pos[0]), says: `${message}. ${REMEDIES[code] ?? 'Correct the YAML.'}` });
  }
  visit(document, {
    Alias: (_, node) => {
      refuse(node, 'An alias (*) hides what a secret is from its reader. Write it out.');
    },
    Node: (_, node) => {
      if ('anchor' in node && node.anchor) refuse(node, 'An anchor (&) is of no use here. Remove it.');
    },
    Pair: (_, { key }) => {
      if (isNode(key) && !isScalar(key)) refuse(key, 'A key must be a word. Write one.');
      // It would be lost without a word: no object of JavaScript can have it.
      if (isScalar(key) && key.value === '__proto__') refuse(key, 'Nothing can be called __proto__. Rename it.');
    },
  });

  const changedNumbers: Path[] = [];
  visit(document, {
    Scalar(key, { value, source }, ancestors) {
      if (key === 'key' || typeof value !== 'number' || String(value) === source) return;
      changedNumbers.push(pathTo([...ancestors, key]));
    },
  });

  return {
    changedNumbers,
    textWithout(paths) {
      return paths.reduce((left, path) => {
        const { range } = nodeAt(document.contents, path) ?? {};
        if (!range) return left;
        const blank = left.slice(range[0], range[1]).replace(/[^\n]/g, ' ');
        return left.slice(0, range[0]) + blank + left.slice(range[1]);
      }, text);
    },
    content: problems.length === 0 ? document.toJS() : undefined,
    problems,
    lineOf(path) {
      let node: ParsedNode | null | undefined = document.contents;
      let offset = node?.range[0] ?? 0;
      for (const step of path) {
        const found = stepInto(node, step);
        if (!found) break;
        offset = found.offset;
        node = found.node;
      }
      return lineAt(offset);
    },
  };
}

const REMEDIES: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'Indent with spaces.',
  DUPLICATE_KEY: 'Remove or rename one of the two.',
  MULTIPLE_DOCS: 'Keep one document; name another file with -c secrets=PATH.',
  TAG_RESOLVE_FAILED: 'Remove the tag (!).',
};

/** The keys and indexes that lead to a node, from what `visit` tells. */
function pathTo(ancestors: readonly unknown[]): Path {
  return ancestors.flatMap((ancestor, index): PropertyKey[] => {
    if (isPair(ancestor)) return isScalar(ancestor.key) ? [String(ancestor.key.value)] : [];
    if (!isSeq(ancestor)) return [];
    const next = ancestors[index + 1];
    return [typeof next === 'number' ? next : ancestor.items.indexOf(next)];
  });
}

function nodeAt(contents: ParsedNode | null, path: Path): ParsedNode | null | undefined {
  return path.reduce<ParsedNode | null | undefined>((node, step) => stepInto(node, step)?.node, contents);
}

function stepInto(
  node: ParsedNode | null | undefined,
  step: PropertyKey,
): { readonly node: ParsedNode | null; readonly offset: number } | undefined {
  if (isMap(node)) {
    const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
    return pair && { node: pair.value, offset: pair.key.range[0] };
  }
  if (isSeq(node)) {
    const item = node.items[Number(step)];
    return item && { node: item, offset: item.range[0] };
  }
  return undefined;
}
