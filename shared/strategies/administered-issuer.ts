import { AdministratorRefused, InvalidSecret } from '../errors.ts';
import type { Provider } from '../providers/provider.ts';
import type { Context } from '../rotation/strategy.ts';
import { JsonSecret } from '../secrets/json-secret.ts';
import { ADMINISTERED_KEY_SETTINGS } from '../settings/known-settings.ts';
import { type AdministratorSecret, targetOf } from './administrator-secret.ts';
import type { Account, IssuerSource } from './issuer-source.ts';
import type { KeySecret } from './key-secret.ts';
import { type Fields, isRecord } from './record.ts';

/**
 * Issuers that an administrator's own secret opens, named by the rotated secret's `masterarn`. That secret says which
 * issuer, where it is, which secrets it serves, and with which targets; the rotated secret only chooses among those, so
 * that whoever can write it gains nothing.
 *
 * What is proved: nothing by the rotated secret, whose key need not work. Its ARN, which its writer cannot choose, stands in
 * the administrator's secret, and the service tells it. What is done is confined to the targets that stand there with it:
 * keys are made for these, and those are ended that bear the secret's name, or that its versions hold, or, of a dedicated
 * target, all others. The administrator's credential goes to the issuer that its own secret names, and nowhere else.
 */
export function administered(providers: readonly Provider[]): IssuerSource {
  return {
    name: 'administered issuer',
    settings: ADMINISTERED_KEY_SETTINGS,
    fields: { keyId: 'keyId', key: 'key' },
    open,
    openToTest: async (candidate, context) => (await open(candidate, context)).issuer,

    placeOf({ json }) {
      const target = json.string('target');
      return [json.string('provider') ?? 'no provider', ...(target ? [`target ${target}`] : [])].join(', ');
    },
  };

  async function open({ json }: KeySecret, context: Context): Promise<Account> {
    const provider = providerOf(json);
    const secretId = json.requiredString('masterarn');
    const { arn } = await context.describe();
    const administrator = await readAdministrator(secretId, arn, provider, context);
    try {
      const { target, dedicated } = targetOf(administrator, arn, json.string('target'));
      const access = {
        administrator: administrator.fields,
        target,
        environment: context.environment,
        conceal: context.conceal,
      };
      const issuer = provider.open(access, context.deadline);
      if (dedicated && issuer.facts.longestName !== undefined) {
        throw new InvalidSecret(
          `Field "serves.${arn}.dedicated" is for issuers whose keys have no names; those of ${provider.name} have. Remove it.`,
        );
      }
      if (dedicated || issuer.facts.longestName !== undefined) return { issuer, dedicated };
      const toDedicate = `If all keys of the target belong to this secret, whoever owns ${secretId} can set "serves.${arn}.dedicated" there to true; then the function ends those that no version holds.`;
      return { issuer, dedicated, toDedicate };
    } catch (error) {
      if (!(error instanceof InvalidSecret)) throw error;
      throw new InvalidSecret(`The administrator's secret ${secretId}: ${error.message}`, { cause: error.cause });
    }
  }

  function providerOf(json: JsonSecret): Provider {
    const name = json.requiredString('provider');
    const provider = providers.find((known) => known.name === name);
    if (provider) return provider;
    throw new InvalidSecret(
      `Field "provider" must be one of ${providers.map(({ name }) => name).join(', ')} for this function. Correct it.`,
    );
  }
}

/**
 * What the administrator's secret says is told only to a secret that it serves: to any other, every secret that it may
 * name looks the same.
 */
async function readAdministrator(
  secretId: string,
  arn: string,
  provider: Provider,
  context: Context,
): Promise<AdministratorSecret> {
  const { arn: administratorArn, value } = await context.readOtherSecret(secretId);
  // By whatever name it was asked for: whoever writes the secret would say himself what he may have.
  if (administratorArn === arn) {
    throw new AdministratorRefused(
      `The masterarn of ${arn} is the secret itself. Name the secret with the administrator's credential.`,
    );
  }
  const fields = fieldsIn(() => JsonSecret.parse(value).fields());
  const serves = fields['serves'];
  const served = isRecord(serves) && Object.hasOwn(serves, arn) ? serves[arn] : undefined;
  if (!isRecord(serves) || !isRecord(served)) {
    throw new AdministratorRefused(
      `${secretId} (masterarn) does not serve ${arn}. Nothing was asked of the issuer. Whoever owns that secret can add to its field "serves": {"${arn}": {}}, with the targets that this secret may have, if the issuer takes any.`,
    );
  }
  if (fields['provider'] !== provider.name) {
    throw new AdministratorRefused(
      `The administrator's secret ${secretId} (masterarn) is not for ${provider.name}. Nothing was asked of the issuer. Correct "provider" in one of the two secrets.`,
    );
  }
  return { fields, serves };
}

function fieldsIn(read: () => ReadonlyMap<string, unknown>): Fields {
  try {
    return Object.fromEntries(read());
  } catch (error) {
    if (error instanceof InvalidSecret) return {};
    throw error;
  }
}
