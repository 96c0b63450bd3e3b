import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { FakeIssuer } from '../issuers/fake-issuer.ts';
import type { DedicatedUser, StandIns } from '../issuers/stand-ins.ts';
import { create, type Demonstration, read } from './demonstration.ts';

/** A key of an issuer for which another secret, the administrator's, is needed. */
export function issuedKey(client: SecretsManagerClient, server: StandIns, issuer: FakeIssuer): Demonstration {
  const secretId = `demo/${issuer.name}-key`;
  const masterarn = `demo/${issuer.name}-administrator`;
  return {
    secretId,
    about: `an API key of ${issuer.name}, as it stands in for the real one on this machine`,
    function: 'api-key',
    async prepare() {
      const { id, value } = issuer.keys.issue({ name: 'made by hand' });
      const secret = { provider: issuer.name, masterarn, keyId: id, key: value };
      const arn = await create(client, secretId, JSON.stringify(secret));
      const baseUrl = server.baseUrlOf(issuer);
      const administrator = { provider: issuer.name, baseUrl, ...issuer.administrator, serves: { [arn]: {} } };
      await create(client, masterarn, JSON.stringify(administrator));
    },
    async prove() {
      const current = JSON.parse(await read(client, secretId));
      const previous = JSON.parse(await read(client, secretId, 'AWSPREVIOUS'));
      return [
        { claim: `${issuer.name} accepts the new key`, holds: issuer.keys.works(current.key) },
        { claim: 'the old one lives until the next rotation', holds: issuer.keys.works(previous.key) },
      ];
    },
  };
}

export function accessKey(client: SecretsManagerClient, { iam, userName }: DedicatedUser): Demonstration {
  const secretId = 'demo/iam-key';
  return {
    secretId,
    about: `the access key of IAM user ${userName}, in an IAM on this machine`,
    function: 'iam-access-key',
    async prepare() {
      const { id, secret } = iam.users.mint(userName);
      await create(client, secretId, JSON.stringify({ UserName: userName, AccessKeyId: id, SecretAccessKey: secret }));
    },
    async prove() {
      const current = JSON.parse(await read(client, secretId));
      const previous = JSON.parse(await read(client, secretId, 'AWSPREVIOUS'));
      const living = iam.users.keysOf(userName).map(({ id }) => id);
      return [
        {
          claim: `the user's two keys are those of AWSCURRENT and AWSPREVIOUS`,
          holds: living.toSorted().join() === [current.AccessKeyId, previous.AccessKeyId].toSorted().join(),
        },
      ];
    },
  };
}
