import type { FakeIam } from './iam.ts';
import { type AccessKey, KEYS_PER_USER } from './iam-users.ts';
import { type Content, Refusal } from './query-protocol.ts';

export interface Operation {
  readonly service: 'iam' | 'sts';
  /** What a log of calls says that it was about. */
  about(form: URLSearchParams, caller: string): string;
  run(form: URLSearchParams, caller: string): Content | undefined;
}

/** https://docs.aws.amazon.com/IAM/latest/APIReference/ and https://docs.aws.amazon.com/STS/latest/APIReference/ */
export function createIamOperations(fake: FakeIam): ReadonlyMap<string, Operation> {
  const { users } = fake;

  /** An operation on a user, with the checks that all of them share. */
  const onUser = (
    action: string,
    run: (userName: string, form: URLSearchParams) => Content | undefined,
  ): Operation => ({
    service: 'iam',
    about: (form) => form.get('AccessKeyId') ?? form.get('UserName') ?? '',
    run(form, caller) {
      const userName = form.get('UserName') ?? '';
      const arn = users.arnOf(userName);
      requireAllowed(action, arn ?? '', `user ${userName}`, caller);
      if (arn === undefined) {
        throw new Refusal(404, 'NoSuchEntity', `The user with name ${userName} cannot be found.`);
      }
      return run(userName, form);
    },
  });

  function requireAllowed(action: string, arn: string, resource: string, caller: string): void {
    if (users.key(caller) === undefined && (fake.allowed === undefined || fake.allowed.includes(arn))) return;
    throw new Refusal(
      403,
      'AccessDenied',
      `User: ${arnOf(caller)} is not authorized to perform: iam:${action} on resource: ${resource} because no identity-based policy allows the iam:${action} action`,
    );
  }

  function arnOf(caller: string): string {
    const key = users.key(caller);
    return key
      ? (users.arnOf(key.userName) ?? '')
      : `arn:aws:sts::${users.account}:assumed-role/rotation/iam-access-key`;
  }

  function keyOf(userName: string, form: URLSearchParams): AccessKey {
    const id = form.get('AccessKeyId') ?? '';
    const key = users.key(id);
    if (key?.userName === userName) return key;
    throw new Refusal(404, 'NoSuchEntity', `The Access Key with id ${id} cannot be found.`);
  }

  return new Map<string, Operation>([
    [
      'CreateAccessKey',
      onUser('CreateAccessKey', (userName) => {
        if (users.keysOf(userName).length >= KEYS_PER_USER) {
          throw new Refusal(409, 'LimitExceeded', `Cannot exceed quota for AccessKeysPerUser: ${KEYS_PER_USER}`);
        }
        const key = users.mint(userName, fake.propagation);
        return { AccessKey: { ...described(key), SecretAccessKey: key.secret } };
      }),
    ],
    [
      'ListAccessKeys',
      onUser('ListAccessKeys', (userName, form) => {
        const keys = users.keysOf(userName);
        const start = Number(form.get('Marker') ?? 0);
        const end = start + fake.pageSize;
        const more = end < keys.length;
        return {
          AccessKeyMetadata: { member: keys.slice(start, end).map(described) },
          IsTruncated: String(more),
          ...(more && { Marker: String(end) }),
        };
      }),
    ],
    [
      'UpdateAccessKey',
      onUser('UpdateAccessKey', (userName, form) => {
        keyOf(userName, form).active = form.get('Status') === 'Active';
        return undefined;
      }),
    ],
    [
      'DeleteAccessKey',
      onUser('DeleteAccessKey', (userName, form) => {
        users.end(keyOf(userName, form).id);
        return undefined;
      }),
    ],
    [
      'GetAccessKeyLastUsed',
      {
        service: 'iam',
        about: (form) => form.get('AccessKeyId') ?? '',
        run(form, caller) {
          const id = form.get('AccessKeyId') ?? '';
          const key = users.key(id);
          requireAllowed('GetAccessKeyLastUsed', users.arnOf(key?.userName ?? '') ?? '', `access key ${id}`, caller);
          if (key === undefined)
            throw new Refusal(404, 'NoSuchEntity', `The Access Key with id ${id} cannot be found.`);
          const used = key.lastUsedAt?.toISOString();
          const place = used === undefined ? 'N/A' : undefined;
          const use = {
            Region: place ?? 'us-east-1',
            ServiceName: place ?? 'sts',
            ...(used && { LastUsedDate: used }),
          };
          return { UserName: key.userName, AccessKeyLastUsed: use };
        },
      },
    ],
    [
      'GetCallerIdentity',
      {
        service: 'sts',
        about: (_form, caller) => caller,
        run: (_form, caller) => ({
          Arn: arnOf(caller),
          UserId: 'AIDAEXAMPLE',
          Account: arnOf(caller).split(':')[4] ?? '',
        }),
      },
    ],
  ]);

  function described({ id, userName, active, createdAt }: AccessKey): { readonly [name: string]: string } {
    return {
      UserName: userName,
      AccessKeyId: id,
      Status: active ? 'Active' : 'Inactive',
      CreateDate: createdAt.toISOString(),
    };
  }
}
