import type { Declaration, DeclaredRequest } from './declaration.ts';
import { templatesIn } from './template.ts';

export interface Problem {
  /** The path of a member. */
  readonly at: readonly string[];
  /** What follows the member's name in a sentence. */
  readonly problem: string;
}

/** What the types of a declaration cannot say. */
export function problemsIn(declaration: Declaration): readonly Problem[] {
  return [...missing(declaration), ...misplaced(declaration), ...misdirected(declaration)];
}

/** Requests to addresses that nobody declared. */
function misdirected({ otherUrls = {}, token, mint, list, retire = [], accepts }: Declaration): Problem[] {
  const requests: (readonly [place: string, request: DeclaredRequest | undefined])[] = [
    ['token', token],
    ['mint', mint],
    ['list', list],
    ...[retire].flat().map((request) => ['retire', request] as const),
    ['accepts', accepts],
  ];
  return requests
    .filter(([, request]) => request?.base !== undefined && !Object.hasOwn(otherUrls, request.base))
    .map(([place]) => ({ at: [place, 'base'], problem: 'is the name of no address in "otherUrls"' }));
}

/** Without these, a key that was made and not stored could be neither found nor ended. */
function missing({ facts, mint, list, retire }: Declaration): Problem[] {
  const issued = facts.value === 'issued';
  const problems: Problem[] = [];
  const need = (there: unknown, name: string, why: string) => {
    if (!there) problems.push({ at: name.split('.'), problem: `is missing: ${why}` });
  };
  if (issued) need(mint.value, 'mint.value', 'it says where the answer has the key');
  else if (!templatesIn(mint).includes('key'))
    need(false, 'mint.body', 'it has to hold "{key}", the value that is chosen');
  const recoverable = facts.idempotent === true || !issued;
  if (facts.idempotent) {
    const sent = templatesIn(mint).includes('idempotencyKey');
    need(sent || !issued, 'mint.headers', 'an idempotent mint has to send "{idempotencyKey}"');
  }
  if (!recoverable) {
    need(mint.id, 'mint.id', 'it says where the answer has the id, by which the key is ended');
    need(list, 'list', 'a key that was made and not stored is found by it');
    need(retire, 'retire', 'a key that was made and not stored is ended by it');
  }
  if (facts.longestName !== undefined) {
    need(
      templatesIn(mint).includes('name'),
      'mint.body',
      'facts.longestName says that keys have names, so it has to hold "{name}"',
    );
    if (list) need(list.name, 'list.name', 'it says where an item has the name');
  }
  if (list) need(retire, 'retire', 'keys that are listed must be ended in the end');
  return problems;
}

/** Templates that stand where they mean nothing, or would show the administrator's credential to prove a key. */
function misplaced(declaration: Declaration): Problem[] {
  const { administrator, target = {}, token, headers, mint, list, retire, accepts, facts } = declaration;
  const targets = Object.keys(target).map((name) => `target.${name}`);
  const own = [...administrator.map((name) => `administrator.${name}`), ...targets];
  const asAdministrator = token ? [...own, 'token'] : own;
  const chosen = facts.value === 'chosen' ? ['key'] : [];
  const allowed: readonly [place: string, declared: unknown, names: readonly string[]][] = [
    ['headers', headers, asAdministrator],
    ['token', token, own],
    ['mint', mint, [...asAdministrator, 'name', 'idempotencyKey', ...chosen]],
    ['list', list, asAdministrator],
    ['retire', retire, [...asAdministrator, 'id']],
    ['accepts', accepts, [...targets, 'key', 'id']],
  ];
  return allowed.flatMap(([place, declared, names]) =>
    templatesIn(declared)
      .filter((name) => !names.includes(name))
      .map((name) => ({
        at: [place],
        problem: `has "{${name}}", which means nothing there; it may have ${names.map((other) => `{${other}}`).join(', ')}`,
      })),
  );
}
