import {
  CreateAccessKeyCommand,
  DeleteAccessKeyCommand,
  GetAccessKeyLastUsedCommand,
  ListAccessKeysCommand,
  UpdateAccessKeyCommand,
} from '@aws-sdk/client-iam';
import { GetCallerIdentityCommand, type GetCallerIdentityCommandOutput } from '@aws-sdk/client-sts';
import { Sensitive } from '../secrets/sensitive.ts';
import { type IamClients, iamClients } from './iam-access-key-clients.ts';
import { iamError, isGone, isKeyRefused, type Operation, unusable } from './iam-access-key-errors.ts';
import type { Access, Issuer, Key, LivingKey, ProviderFacts, TimeLimit } from './provider.ts';

/** Somebody known to AWS by a key or a role. */
export interface Identity {
  readonly account: string;
  /** Of a user `arn:aws:iam::123456789012:user/path/name`, with a path or without. */
  readonly arn: string;
}

/** An issuer that tells last use when it is asked, and not in its list. */
export interface IamIssuer extends Issuer {
  lastUsedAt(id: string): Promise<Date | undefined>;
}

type Environment = Access['environment'];

/**
 * Quota and eventual consistency: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html and
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency, which names
 * no number. A minute is ours: tools that wait for a new key mostly see it work within seconds.
 */
const FACTS: ProviderFacts = { livingKeys: 2, value: 'issued', propagationMs: 60_000 };

/** The environment is the SDK's: AWS_REGION, the credentials, AWS_ENDPOINT_URL_IAM and AWS_ENDPOINT_URL_STS. */
export const iamAccessKey = {
  facts: FACTS,

  /** The access keys of the user of this ARN, whose path may be missing. Nothing is asked of IAM yet. */
  open(userArn: string, environment: Environment, limit: TimeLimit): IamIssuer {
    return openUser(userArn, iamClients(environment), limit);
  },

  /**
   * Whose key it is, by GetCallerIdentity, which needs no permission; `undefined` if AWS does not accept the key (yet).
   * https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
   */
  identityOf(key: Key, environment: Environment, limit: TimeLimit): Promise<Identity | undefined> {
    return identityOf(key, iamClients(environment), limit);
  },

  /** The function's own. */
  ownIdentity(environment: Environment, limit: TimeLimit): Promise<Identity> {
    return roleIdentity(iamClients(environment), limit);
  },
};

/** What is not of this form is no key, and may not even go into a header. */
const KEY_ID = /^\w{16,128}$/;

/** In an account a user is known by its name alone; no two have the same, whatever their paths. */
const USER = /^(?<account>arn:[\w-]+:iam::\d{12}:user)\/(?:.*\/)?(?<name>[\w+=,.@-]+)$/;

function isSameUser(one: string, other: string): boolean {
  const [a, b] = [USER.exec(one)?.groups, USER.exec(other)?.groups];
  return a !== undefined && b !== undefined && a['account'] === b['account'] && a['name'] === b['name'];
}

function openUser(arn: string, clients: IamClients, limit: TimeLimit): IamIssuer {
  const { signal } = limit;
  const { iam, minting } = clients;
  const abort = { abortSignal: signal };
  const UserName = USER.exec(arn)?.groups?.['name'];

  async function answered<T>(operation: Operation, answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      throw iamError(operation, arn, error, signal);
    }
  }

  const unlessGone = (error: unknown) => {
    if (!isGone(error)) throw error;
    return undefined;
  };

  return {
    facts: FACTS,

    async mint() {
      const sent = minting.send(new CreateAccessKeyCommand({ UserName }), abort);
      const { AccessKey: { AccessKeyId, SecretAccessKey } = {} } = await answered('iam:CreateAccessKey', sent);
      if (!AccessKeyId || !SecretAccessKey) throw unusable('iam:CreateAccessKey', arn, 'no key in it');
      return { id: AccessKeyId, value: new Sensitive(SecretAccessKey) };
    },

    async accepts(key) {
      const identity = await identityOf(key, clients, limit);
      return identity !== undefined && isSameUser(identity.arn, arn);
    },

    /** Inactive keys are among them: they count against the quota. */
    async list() {
      const keys: LivingKey[] = [];
      let Marker: string | undefined;
      do {
        const sent = iam.send(new ListAccessKeysCommand({ UserName, ...(Marker && { Marker }) }), abort);
        const page = await answered('iam:ListAccessKeys', sent);
        if (page.AccessKeyMetadata === undefined) throw unusable('iam:ListAccessKeys', arn, 'no list in it');
        for (const { AccessKeyId: id, CreateDate: createdAt } of page.AccessKeyMetadata) {
          if (id) keys.push({ id, ...(createdAt && { createdAt }) });
        }
        Marker = page.IsTruncated ? page.Marker : undefined;
      } while (Marker);
      return keys;
    },

    async lastUsedAt(AccessKeyId) {
      const sent = iam.send(new GetAccessKeyLastUsedCommand({ AccessKeyId }), abort).catch(unlessGone);
      return (await answered('iam:GetAccessKeyLastUsed', sent))?.AccessKeyLastUsed?.LastUsedDate;
    },

    /** First made inactive, which can be undone: what stands between the two calls tells which key was meant. */
    async retire(AccessKeyId) {
      const key = { UserName, AccessKeyId };
      const ended = iam.send(new UpdateAccessKeyCommand({ ...key, Status: 'Inactive' }), abort).catch(unlessGone);
      await answered('iam:UpdateAccessKey', ended);
      await answered('iam:DeleteAccessKey', iam.send(new DeleteAccessKeyCommand(key), abort).catch(unlessGone));
    },
  };
}

async function identityOf(key: Key, { stsAs }: IamClients, { signal }: TimeLimit): Promise<Identity | undefined> {
  if (!KEY_ID.test(key.id) || key.value.reveal() === '') return undefined;
  const client = stsAs({ accessKeyId: key.id, secretAccessKey: key.value.reveal() });
  const about = `access key ${key.id}`;
  const sent = client.send(new GetCallerIdentityCommand({}), { abortSignal: signal });
  try {
    return identityIn(await sent, about);
  } catch (error) {
    if (isKeyRefused(error)) return undefined;
    throw iamError('sts:GetCallerIdentity', about, error, signal);
  }
}

async function roleIdentity({ sts }: IamClients, { signal }: TimeLimit): Promise<Identity> {
  const about = "the function's role";
  try {
    return identityIn(await sts.send(new GetCallerIdentityCommand({}), { abortSignal: signal }), about);
  } catch (error) {
    throw iamError('sts:GetCallerIdentity', about, error, signal);
  }
}

function identityIn({ Account, Arn }: GetCallerIdentityCommandOutput, about: string): Identity {
  if (Account && Arn) return { account: Account, arn: Arn };
  throw unusable('sts:GetCallerIdentity', about, 'no identity in it');
}
