export interface Member {
  readonly name: string;
  /** Offset of the name's opening quote. */
  readonly nameStart: number;
  /** Offset after the name's closing quote. */
  readonly nameEnd: number;
  /** Offset of the value's first character. */
  readonly start: number;
  /** Offset after the value's last character. */
  readonly end: number;
}

const TOKEN = /"(?:[^"\\]+|\\.)*"|[{}[\],]/g;

/**
 * Where the members of a JSON object stand in its text. The text must be an object that `JSON.parse` accepts: grammar is
 * not checked a second time. Not recursive, so that depth cannot exhaust the stack.
 */
export function topLevelMembers(object: string): Member[] {
  const members: Member[] = [];
  let depth = 0;
  let name: Pick<Member, 'name' | 'nameStart' | 'nameEnd'> | undefined;
  let start = 0;
  for (const { 0: token, index } of object.matchAll(TOKEN)) {
    if (depth === 1 && name === undefined && token.startsWith('"')) {
      name = { name: String(JSON.parse(token)), nameStart: index, nameEnd: index + token.length };
      start = object.indexOf(':', name.nameEnd) + 1;
    } else if (depth === 1 && name !== undefined && (token === ',' || token === '}')) {
      const value = object.slice(start, index);
      members.push({
        ...name,
        start: start + value.length - value.trimStart().length,
        end: start + value.trimEnd().length,
      });
      name = undefined;
    }
    if (token === '{' || token === '[') {
      depth += 1;
    } else if (token === '}' || token === ']') {
      depth -= 1;
    }
  }
  return members;
}
