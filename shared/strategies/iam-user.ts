import { CurrentLoginRefused, InvalidSecret, InvalidSetting } from '../errors.ts';
import type { Issuer, Key, TimeLimit } from '../providers/provider.ts';
import type { Context } from '../rotation/strategy.ts';
import type { Environment } from '../secrets/setting.ts';
import { IAM_USER_KEY_SETTINGS } from '../settings/known-settings.ts';
import type { IssuerSource } from './issuer-source.ts';
import type { KeySecret } from './key-secret.ts';
import { listed, mayRecover } from './recovery.ts';

/** What is asked of IAM's provider. */
export interface UserKeys {
  open(userArn: string, environment: Environment, limit: TimeLimit): Issuer;
  /** `undefined` if AWS does not accept the key. */
  identityOf(key: Key, environment: Environment, limit: TimeLimit): Promise<Identity | undefined>;
  ownIdentity(environment: Environment, limit: TimeLimit): Promise<Identity>;
}

interface Identity {
  readonly account: string;
  readonly arn: string;
}

/** Of `mayRecover`; the deployer's to set. */
const RECOVERY = 'RECOVER_THROUGH_ROLE';

/** ARNs, separated by commas or spaces, of users all of whose keys belong to the one secret; the deployer's to set. */
const DEDICATED = 'DEDICATED_USERS';

/**
 * The user that the secret's `UserName` names, in the account of the function's own role, which makes and ends its keys.
 * Whoever may write the secret could name any user that the role may act on; only a key that works shows that the user
 * is the secret's own. So AWSCURRENT's key has to, before anything is made or ended.
 *
 * What is proved: AWS itself says (GetCallerIdentity) that AWSCURRENT's key is of the user that UserName names, in the
 * role's own account. What is done is confined to that user's keys: one is made, and those are ended that versions of the
 * secret hold or held, or all others if the deployer says that they are the secret's. The user's rights are not touched.
 *
 * Where the deployer lets the role go on without the proof, nothing is proved, and UserName alone says whose keys are made:
 * as long as that is so, whoever may write the secret chooses among the users that the role may act on.
 */
export function iamUser(iam: UserKeys): IssuerSource {
  return {
    name: 'access key of an IAM user',
    settings: IAM_USER_KEY_SETTINGS,
    fields: { keyId: 'AccessKeyId', key: 'SecretAccessKey' },

    async open(current, context) {
      identify(current, context);
      const arn = await provenUser(iam, current, context);
      const issuer = iam.open(arn, context.environment, context.deadline);
      if (dedicatedUsers(context).includes(arn)) return { issuer, dedicated: true };
      const toDedicate = `If all keys of the user belong to this secret, whoever deploys the function can put ${arn} into its environment variable ${DEDICATED}; then the function ends those that no version holds.`;
      return { issuer, dedicated: false, toDedicate };
    },

    async openToTest(candidate, context) {
      identify(candidate, context);
      const own = await iam.ownIdentity(context.environment, context.deadline);
      return iam.open(arnOf(userNameOf(candidate), own), context.environment, context.deadline);
    },

    placeOf: (secret) => `IAM user ${userNameOf(secret)}`,
  };
}

/** @throws CurrentLoginRefused unless AWSCURRENT's key is the user's, or the deployer lets the role go on without it */
async function provenUser(iam: UserKeys, current: KeySecret, context: Context): Promise<string> {
  const { environment, deadline } = context;
  const name = userNameOf(current);
  const own = await iam.ownIdentity(environment, deadline);
  const identity = await iam.identityOf(current, environment, deadline);
  if (identity) {
    if (identity.account === own.account && userNameIn(identity.arn) === name) return identity.arn;
    throw new CurrentLoginRefused(
      `The key of AWSCURRENT is of ${identity.arn}, and its UserName is ${name}, a user of account ${own.account}, where the function's role makes keys. Nothing was changed. Correct UserName, or store a key of that user: ${storing(context)}`,
    );
  }
  if (await mayRecover(RECOVERY, context)) {
    context.warn(`AWS refuses the key of AWSCURRENT; ${RECOVERY} lets the role go on without it for user ${name}.`);
    return dedicatedUsers(context).find((arn) => isUser(arn, own.account, name)) ?? arnOf(name, own);
  }
  const { arn } = await context.describe();
  throw new CurrentLoginRefused(
    `AWS refuses the key of AWSCURRENT for IAM user ${name}, so nothing shows that this secret may have keys made for it. Nothing was changed. If the user has a key that works, store it: ${storing(context)}. If it is lost, whoever deploys the function can put ${arn} into its environment variable ${RECOVERY} for one rotation.`,
  );
}

function storing({ secretId }: Context): string {
  return `aws secretsmanager put-secret-value --secret-id ${secretId} --secret-string file://value`;
}

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateAccessKey.html */
const USER_NAME = /^[\w+=,.@-]{1,128}$/;

function userNameOf({ json }: KeySecret): string {
  const name = json.requiredString('UserName');
  if (USER_NAME.test(name)) return name;
  throw new InvalidSecret(
    'The secret\'s field "UserName" must be the name of an IAM user, without path: letters, digits and _+=,.@- only.',
  );
}

/** So that errors can name user and key; a hand edit may have made either the key itself, which stays concealed. */
function identify(secret: KeySecret, context: Context): void {
  context.conceal(secret.value);
  for (const text of [userNameOf(secret), secret.id]) context.identify(text);
}

/** In an account a user is known by its name alone, whatever its path. */
function arnOf(name: string, own: Identity): string {
  const [, partition = 'aws'] = own.arn.split(':');
  return `arn:${partition}:iam::${own.account}:user/${name}`;
}

const USER_ARN = /^arn:[\w-]+:iam::(?<account>\d{12}):user\/(?:.*\/)?(?<name>[^/]+)$/;

function userNameIn(arn: string): string | undefined {
  return USER_ARN.exec(arn)?.groups?.['name'];
}

function isUser(arn: string, account: string, name: string): boolean {
  return userNameIn(arn) === name && USER_ARN.exec(arn)?.groups?.['account'] === account;
}

function dedicatedUsers({ environment }: Context): readonly string[] {
  const arns = listed(environment[DEDICATED]);
  const other = arns.find((arn) => !USER_ARN.test(arn));
  if (other === undefined) return arns;
  throw new InvalidSetting(
    `The environment variable ${DEDICATED} lists ${JSON.stringify(other)}: it must list ARNs of IAM users, such as arn:aws:iam::123456789012:user/app, separated by spaces.`,
  );
}
