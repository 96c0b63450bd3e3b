import { chooseOf } from '../../shared/settings/nearest.ts';
import { KINDS, kindOf } from '../kinds.ts';
import { functionName, LONGEST_FUNCTION_NAME } from './function-name.ts';
import type { Finding, Path } from './problem.ts';
import type { SecretsFile } from './schema.ts';
import { filledSecretFields } from './secret-looking.ts';

/** What belongs to the functions, and to the environments that they are deployed to. */
export function functionSettings(file: SecretsFile): readonly Finding[] {
  const findings: Finding[] = [];
  for (const kind of Object.keys(file.functions ?? {})) {
    if (!kindOf(kind)) {
      findings.push({
        path: ['functions', kind],
        says: `is no kind of function: ${chooseOf(kind, Object.keys(KINDS))}`,
      });
    }
  }
  for (const [kind, { environment }] of Object.entries(file.functions ?? {})) {
    const path = ['functions', kind, 'environment'];
    findings.push(...filledSecretFields(environment, path), ...unknownVariables(kind, environment ?? {}, path));
  }
  if (Object.keys(file.environments).length === 0) {
    findings.push({ path: ['environments'], says: 'names no environment. Name one, such as "prod: {}".' });
  }
  for (const [environment, { region, replicas }] of Object.entries(file.environments)) {
    const longest = Math.max(...Object.keys(KINDS).map((kind) => functionName(file.project, environment, kind).length));
    if (longest > LONGEST_FUNCTION_NAME) {
      findings.push({
        path: ['environments', environment],
        says: `makes function names of ${longest} characters with the project, and Lambda takes ${LONGEST_FUNCTION_NAME}. Shorten one of the two.`,
      });
    }
    if (region !== undefined && region in (replicas ?? {})) {
      findings.push({
        path: ['environments', environment, 'replicas', region],
        says: 'is the Region of the secrets themselves. Remove it.',
      });
    }
  }
  return [...findings, ...endpointsTwice(file)];
}

/** What belongs to Lambda, to Node or to the libraries is set by who knows why; all else has to be a setting of the kind. */
const OTHERS = /^(?:AWS_|NODE_|POWERTOOLS_|OTEL_|DD_|SSL_CERT_|HTTPS?_PROXY$|NO_PROXY$|TZ$|LANG$|LC_ALL$|LOG_LEVEL$)/;

function unknownVariables(kind: string, environment: object, path: Path): readonly Finding[] {
  const known = kindOf(kind)?.settings.variables;
  if (known === undefined) return [];
  return Object.keys(environment)
    .filter((name) => !known.includes(name) && !OTHERS.test(name))
    .map((name) => ({ path: [...path, name], says: `is no variable of ${kind}: ${chooseOf(name, known)}` }));
}

/** A second endpoint of a service could not have the service's private name in that VPC, and would not be made. */
function endpointsTwice({ environments }: SecretsFile): readonly Finding[] {
  const first = new Map<string, string>();
  return Object.entries(environments).flatMap(([name, { network }]) => {
    if (network?.aws !== 'endpoint') return [];
    const other = first.get(network.vpc);
    if (other === undefined) first.set(network.vpc, name);
    return other === undefined
      ? []
      : [
          {
            path: ['environments', name, 'network', 'aws'],
            says: `the VPC has the endpoints of ${other}, and takes no second ones. Say "nat", and let its functions into the security group of those.`,
          },
        ];
  });
}
