import { isMap, isNode, isScalar, isSeq, LineCounter, type ParsedNode, parseDocument, visit } from 'yaml';
import type { Path } from './problem.ts';

export interface YamlText {
  readonly content: unknown;
  /** What keeps it from being read as one plain document, in which every secret stands whole. */
  readonly problems: readonly { readonly line: number; readonly says: string }[];
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

  return {
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
