/** The patterns of the set-ups that this project takes over; any other pattern can be written out. */
export const NAMING_PRESETS: Readonly<Record<string, string>> = {
  path: '{context}/{environment}/{path}/{name}',
  cml: 'cml/{project}/{name}',
  service: '{group}-{environment}-{name}',
  category: '{project}-{environment}/{name}',
};

export const PLACEHOLDERS = ['project', 'context', 'environment', 'group', 'path', 'name'] as const;
export type NameParts = Readonly<Record<(typeof PLACEHOLDERS)[number], string>>;

const LONGEST = 512;

export const unknownPlaceholders = (pattern: string): readonly string[] =>
  [...pattern.matchAll(/\{([^}]*)\}/g)]
    .map(([, name = '']) => name)
    .filter((name) => !PLACEHOLDERS.some((known) => known === name));

export function nameBy(pattern: string, parts: NameParts): string {
  return PLACEHOLDERS.reduce((name, part) => name.replaceAll(`{${part}}`, parts[part]), pattern);
}

/** What all names of an environment begin with; empty where the pattern begins with what differs. */
export function prefixBy(pattern: string, parts: Pick<NameParts, 'project' | 'context' | 'environment'>): string {
  const first = pattern.search(/\{(?!(?:project|context|environment)\})/);
  return nameBy(first < 0 ? pattern : pattern.slice(0, first), { ...parts, group: '', path: '', name: '' });
}

/**
 * Why Secrets Manager would refuse the name, or could mistake it.
 *
 * @see https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
 */
export function refusedName(name: string): string | undefined {
  if (name.length > LONGEST) return `has ${name.length} characters, and the service takes ${LONGEST}`;
  const [strange] = name.match(/[^A-Za-z0-9\-/_+=.@!]/u) ?? [];
  if (strange !== undefined) {
    return `has a ${JSON.stringify(strange)}, and the service takes letters, digits and -/_+=.@! only`;
  }
  return undefined;
}

/**
 * Whether the name ends like an ARN: the service may then take it for another secret's partial ARN.
 *
 * @see https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot.html#ARN_secretnamehyphen
 */
export const endsLikeAnArn = (name: string): boolean => /-[A-Za-z0-9]{6}$/.test(name);
