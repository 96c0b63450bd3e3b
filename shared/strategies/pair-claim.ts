import { createHash } from 'node:crypto';
import type { Claim } from '../engines/alternating-engine.ts';
import type { DatabaseLogin } from '../engines/engine.ts';
import { InvalidSecret, SecretsManagerRefused } from '../errors.ts';
import type { Context, StagedVersions } from '../rotation/strategy.ts';
import { AWSPREVIOUS } from '../rotation/version-stages.ts';
import type { DatabaseSecret, StoredLogin } from './database-secret.ts';
import { listed } from './recovery.ts';

/** ARNs, separated by commas or spaces, of secrets whose other user is theirs although nothing shows it; the deployer's to set. */
const ADOPTION = 'ADOPT_ALTERNATE_USERS';

/**
 * What shows that both users are the secret's, from its versions and the deployer.
 *
 * @param user the one that is let in
 * @param current at the superuser's server
 * @param host of the account that it has logged in as; undefined if it has not
 */
export async function pairClaim(
  user: string,
  current: DatabaseLogin,
  host: string | undefined,
  versions: StagedVersions<DatabaseSecret<StoredLogin>>,
  context: Context,
): Promise<Claim> {
  // The service names a secret by its ARN, which costs nothing; a person may name it otherwise.
  const { secretId } = context;
  const arn = secretId.startsWith('arn:') ? secretId : (await context.describe()).arn;
  let told = false;
  return {
    current: host === undefined ? undefined : { host, password: current.password },
    mark: createHash('sha256').update(arn).digest('hex').slice(0, 32),

    async previous() {
      const password = (await previousLogin(user, versions, context))?.password;
      return password && { ...current, username: user, password };
    },

    async adopts() {
      const adopted = listed(context.environment[ADOPTION]).includes(arn);
      if (adopted && !told) {
        context.warn(`Nothing shows that ${user} is this secret's; ${ADOPTION} lets the superuser take it.`);
      }
      told = told || adopted;
      return adopted;
    },
    toAdopt: `whoever deploys the function can put ${arn} into its environment variable ${ADOPTION} for one rotation.`,
  };
}

/** Whatever is wrong with AWSPREVIOUS, it is one proof less. */
async function previousLogin(
  user: string,
  versions: StagedVersions<DatabaseSecret<StoredLogin>>,
  context: Context,
): Promise<StoredLogin | undefined> {
  try {
    const previous = await versions.previous();
    return previous?.login.username === user ? previous.login : undefined;
  } catch (error) {
    if (!(error instanceof InvalidSecret || error instanceof SecretsManagerRefused)) throw error;
    context.warn(`${AWSPREVIOUS} is of no help: ${error.message}`);
    return undefined;
  }
}
