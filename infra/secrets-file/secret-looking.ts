import type { Finding, Path } from './problem.ts';

/** What gives a credential away, wherever in the file it stands, also in a comment. */
const TELLING: readonly (readonly [what: string, pattern: RegExp])[] = [
  ['an AWS access key id', /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/],
  ['a private key', /-----BEGIN [A-Z ]*PRIVATE KEY-----/],
  ['a JSON Web Token', /\beyJ[\w-]{10,}\.[\w-]{10,}\./],
  ['a token of GitHub', /\b(?:gh[oprsu]_\w{20,}|github_pat_\w{20,})/],
  ['a token of Slack', /\bxox[abeoprs]-[\w-]{10,}/],
  ['a key of Stripe', /\b[rs]k_(?:live|test)_\w{10,}/],
  ['a key of SendGrid', /\bSG\.[\w-]{10,}\.[\w-]{10,}/],
  ['a URL with a password in it', /\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@"']*:(?!edit-me@)[^\s/@"'{<]+@/i],
];
const LONG_HEX = /(?<![\w-])(?<digest>sha(?:256|384|512)[:-])?(?<digits>[0-9a-f]{32,})(?![\w-])/gi;
/** What people call the ids of commits and images by, on the line that they stand on. */
const SPEAKS_OF_A_COMMIT =
  /\b(?:commit|sha1?|rev(?:ision)?|git|branch|tag|build|built|image|digest|deployed?|release|version)\b|\/commit\//i;
const COMMIT_DIGITS = 40;
/** AWS itself puts random letters into names: of its managed secrets, of the roles of its Identity Center. */
const ARN = /\barn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:\d{12}:[\w!/:.@+=,-]+/g;
const LEAST_RANDOM = 20;
/** English words joined by hyphens or capitals stay below 4.2; 32 random bytes in base64 are above 4.5. */
const RANDOM_BITS_A_CHARACTER = 4.4;
/** Of the characters, how many change between small, capital and digit; a capital that begins a word is no change. */
const RANDOM_CHANGES = 0.25;
/** Where the characters look random too; joined words reach it, and repeat their letters. */
const MANY_CHANGES = 0.14;

const REMEDY =
  'No value belongs into this file, nor into its history: remove it, replace it where it is used, and store it with "aws secretsmanager put-secret-value".';

/** One sentence for each line of the text that seems to hold a secret; the value is not quoted. */
export function secretLookingLines(text: string): readonly { readonly line: number; readonly says: string }[] {
  return text.split('\n').flatMap((content, index) => {
    const what =
      TELLING.find(([, pattern]) => pattern.test(content))?.[0] ??
      (hasLongHex(content) ? 'a long key in hex' : hasRandomWord(content) && 'a random value');
    return what ? [{ line: index + 1, says: `this looks like ${what}. ${REMEDY}` }] : [];
  });
}

/** The digest of an image says that it is one. Forty digits are a commit where the line speaks of one, or is a comment. */
function hasLongHex(content: string): boolean {
  return [...content.matchAll(LONG_HEX)].some(({ groups }) => {
    if (groups?.['digest'] !== undefined) return false;
    const isCommit = SPEAKS_OF_A_COMMIT.test(content.replaceAll('_', ' ')) || /^\s*#/.test(content);
    return !(isCommit && groups?.['digits']?.length === COMMIT_DIGITS);
  });
}

/** People join words, and keep to one kind of letter within them; UUIDs and hexadecimal ids have no capitals. */
function hasRandomWord(content: string): boolean {
  return [...content.replaceAll(ARN, '').matchAll(/[A-Za-z0-9+/_=-]+/g)].some(([word]) => {
    if (word.length < LEAST_RANDOM || !/[a-z]/.test(word) || !/[A-Z]/.test(word)) return false;
    const changing = changes(word) / word.length;
    if (changing >= RANDOM_CHANGES) return true;
    return (/[0-9]/.test(word) || changing >= MANY_CHANGES) && bitsACharacter(word) >= RANDOM_BITS_A_CHARACTER;
  });
}

const changes = (word: string): number =>
  (word.match(/[a-z](?=[A-Z0-9])|[A-Z](?=[0-9])|[0-9](?=[A-Za-z])/g) ?? []).length;

/** Shannon's entropy of the letters that are there. */
function bitsACharacter(word: string): number {
  const counts = new Map<string, number>();
  for (const letter of word) counts.set(letter, (counts.get(letter) ?? 0) + 1);
  return [...counts.values()].reduce((bits, count) => bits - (count / word.length) * Math.log2(count / word.length), 0);
}

const SECRET_NAME = /pass(?:word|wd|phrase)?$|secret|token|api_?-?key|private_?-?key|credential/i;
/** What is said of a secret and is none: where it is made, what it is called, how long it lives. */
const ABOUT_A_SECRET =
  /(?:end_?-?point|ur[il]|name|(?<![a-z])id|Id|arn|path|type|kind|length|size|ttl|seconds|expir\w*|lifetime|issuer|audience|header|host|region|file|prefix|suffix|version|algorithm|alg|scopes?|format|store|provider|rotation|enabled)$/i;
const PLACEHOLDER = /^(?:|edit-me|<[^<>]*>)$/;
const namesSecret = (name: string): boolean => SECRET_NAME.test(name) && !ABOUT_A_SECRET.test(name);
/** Smaller numbers are lengths, counts and hours. */
const LEAST_SECRET_NUMBER = 100_000;

/** Fields of a skeleton whose name says that they are secret, and that hold more than a placeholder. */
export function filledSecretFields(json: unknown, path: Path, named = false): readonly Finding[] {
  if (typeof json === 'object' && json !== null) {
    return Object.entries(json).flatMap(([name, value]) =>
      filledSecretFields(value, [...path, name], Array.isArray(json) ? named : namesSecret(name)),
    );
  }
  const filled = typeof json === 'string' ? !PLACEHOLDER.test(json) : Number(json) >= LEAST_SECRET_NUMBER;
  if (!named || !filled) return [];
  return [{ path, says: `seems to hold a secret. Leave it "" or "edit-me". ${REMEDY}` }];
}
