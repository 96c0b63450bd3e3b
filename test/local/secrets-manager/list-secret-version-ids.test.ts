import {
  CreateSecretCommand,
  ListSecretVersionIdsCommand,
  PutSecretValueCommand,
} from '@aws-sdk/client-secrets-manager';
import { describe, expect, it } from 'vitest';
import { refusal, startService } from './service.ts';

async function secretWithVersions(count: number) {
  const { client } = await startService();
  await client.send(new CreateSecretCommand({ Name: 's' }));
  const ids: string[] = [];
  for (let n = 0; n < count; n++) {
    const put = await client.send(new PutSecretValueCommand({ SecretId: 's', SecretString: `${n}` }));
    ids.push(put.VersionId ?? '');
  }
  const list = (input: { IncludeDeprecated?: boolean; MaxResults?: number; NextToken?: string } = {}) =>
    client.send(new ListSecretVersionIdsCommand({ SecretId: 's', ...input }));
  return { ids, list };
}

describe('ListSecretVersionIds', () => {
  it('hides versions without a label', async () => {
    const { ids, list } = await secretWithVersions(3);
    const { Versions = [], ARN, Name } = await list();
    expect([ARN, Name]).toEqual([expect.stringContaining('secret:s-'), 's']);
    expect(Versions.map(({ VersionId, VersionStages }) => [VersionId, VersionStages])).toEqual([
      [ids[1], ['AWSPREVIOUS']],
      [ids[2], ['AWSCURRENT']],
    ]);
  });

  it('shows them without VersionStages when asked to include deprecated ones', async () => {
    const { ids, list } = await secretWithVersions(3);
    const { Versions = [] } = await list({ IncludeDeprecated: true });
    expect(Versions.map(({ VersionId }) => VersionId)).toEqual(ids);
    expect(Versions[0]).not.toHaveProperty('VersionStages');
  });

  it('names the key DefaultEncryptionKey where the secret has none of its own', async () => {
    const { list } = await secretWithVersions(1);
    expect((await list()).Versions?.[0]?.KmsKeyIds).toEqual(['DefaultEncryptionKey']);
  });

  it('gives one page after another', async () => {
    const { ids, list } = await secretWithVersions(3);
    const first = await list({ IncludeDeprecated: true, MaxResults: 2 });
    const second = await list({ IncludeDeprecated: true, MaxResults: 2, NextToken: first.NextToken ?? '' });
    expect([first, second].map(({ Versions = [] }) => Versions.map(({ VersionId }) => VersionId))).toEqual([
      ids.slice(0, 2),
      ids.slice(2),
    ]);
    expect(second.NextToken).toBeUndefined();
  });

  it('refuses a NextToken that is none', async () => {
    const { list } = await secretWithVersions(1);
    expect(await refusal(list({ NextToken: 'bogus' }))).toMatchObject({ code: 'InvalidNextTokenException' });
  });
});
