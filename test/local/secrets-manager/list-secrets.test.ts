import {
  CreateSecretCommand,
  DeleteSecretCommand,
  type Filter,
  ListSecretsCommand,
  type ListSecretsCommandInput,
} from '@aws-sdk/client-secrets-manager';
import { describe, expect, it } from 'vitest';
import { refusal, startService, stoppedClock } from './service.ts';

async function threeSecrets() {
  const { clock, moveTo } = stoppedClock();
  const { client } = await startService({ clock });
  const create = (Name: string, Description: string, Tags: Record<string, string>) =>
    client.send(
      new CreateSecretCommand({
        Name,
        Description,
        SecretString: 'v',
        Tags: Object.entries(Tags).map(([Key, Value]) => ({ Key, Value })),
      }),
    );
  moveTo('2026-01-01T00:00:00Z');
  await create('prod/web', 'Web login', { team: 'core' });
  moveTo('2026-01-02T00:00:00Z');
  await create('prod/db', 'Database', { team: 'storage' });
  moveTo('2026-01-03T00:00:00Z');
  await create('test/db', 'Database for tests', { Stage: 'test' });
  const names = async (input: ListSecretsCommandInput = {}) => {
    const { SecretList = [] } = await client.send(new ListSecretsCommand(input));
    return SecretList.map(({ Name }) => Name);
  };
  return { client, names };
}

describe('ListSecrets', () => {
  it('describes each secret, with the labels of its versions', async () => {
    const { client } = await threeSecrets();
    const { SecretList = [] } = await client.send(new ListSecretsCommand({ MaxResults: 1 }));
    expect(SecretList).toMatchObject([
      { Name: 'prod/web', Description: 'Web login', CreatedDate: new Date('2026-01-01') },
    ]);
    expect(Object.values(SecretList[0]?.SecretVersionsToStages ?? {})).toEqual([['AWSCURRENT']]);
  });

  it.each<[string, Filter[], string[]]>([
    ['the beginning of a name', [{ Key: 'name', Values: ['prod/'] }], ['prod/web', 'prod/db']],
    ['a name in the wrong case', [{ Key: 'name', Values: ['Prod/'] }], []],
    ['a description in any case', [{ Key: 'description', Values: ['database'] }], ['prod/db', 'test/db']],
    ['a tag key', [{ Key: 'tag-key', Values: ['team'] }], ['prod/web', 'prod/db']],
    ['a tag value', [{ Key: 'tag-value', Values: ['stor'] }], ['prod/db']],
    ['anything', [{ Key: 'all', Values: ['test'] }], ['test/db']],
    ['one of several values', [{ Key: 'name', Values: ['test', 'prod/w'] }], ['prod/web', 'test/db']],
    ['not a value', [{ Key: 'name', Values: ['!prod'] }], ['test/db']],
    [
      'all of several filters',
      [
        { Key: 'name', Values: ['prod'] },
        { Key: 'description', Values: ['web'] },
      ],
      ['prod/web'],
    ],
  ])('filters by %s', async (_, Filters, expected) => {
    const { names } = await threeSecrets();
    expect(await names({ Filters })).toEqual(expected);
  });

  it('sorts as asked', async () => {
    const { names } = await threeSecrets();
    expect(await names({ SortBy: 'name', SortOrder: 'asc' })).toEqual(['prod/db', 'prod/web', 'test/db']);
    expect(await names({ SortBy: 'created-date', SortOrder: 'desc' })).toEqual(['test/db', 'prod/db', 'prod/web']);
  });

  it('shows secrets marked for deletion only when asked', async () => {
    const { client, names } = await threeSecrets();
    await client.send(new DeleteSecretCommand({ SecretId: 'prod/db' }));
    expect(await names()).toEqual(['prod/web', 'test/db']);
    expect(await names({ IncludePlannedDeletion: true })).toEqual(['prod/web', 'prod/db', 'test/db']);
  });

  it('gives one page after another', async () => {
    const { client, names } = await threeSecrets();
    const { NextToken } = await client.send(new ListSecretsCommand({ MaxResults: 2 }));
    expect(await names({ MaxResults: 2, NextToken: NextToken ?? '' })).toEqual(['test/db']);
  });

  it.each([0, 101])('refuses MaxResults of %i', async (MaxResults) => {
    const { names } = await threeSecrets();
    expect(await refusal(names({ MaxResults }))).toMatchObject({ code: 'ValidationException', status: 400 });
  });
});
