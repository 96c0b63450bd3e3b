import {
  CreateSecretCommand,
  DescribeSecretCommand,
  type Tag,
  TagResourceCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-secrets-manager';
import { describe, expect, it } from 'vitest';
import { refusal, startService } from './service.ts';

async function secret() {
  const { client } = await startService();
  await client.send(new CreateSecretCommand({ Name: 's', Tags: [{ Key: 'team', Value: 'core' }] }));
  const tag = (Tags: Tag[]) => client.send(new TagResourceCommand({ SecretId: 's', Tags }));
  const untag = (TagKeys: string[]) => client.send(new UntagResourceCommand({ SecretId: 's', TagKeys }));
  const tags = async () => (await client.send(new DescribeSecretCommand({ SecretId: 's' }))).Tags;
  return { tag, untag, tags };
}

describe('TagResource', () => {
  it('adds tags and replaces values', async () => {
    const { tag, tags } = await secret();
    await tag([
      { Key: 'team', Value: 'storage' },
      { Key: 'rotation:length', Value: '40' },
    ]);
    expect(await tags()).toEqual([
      { Key: 'team', Value: 'storage' },
      { Key: 'rotation:length', Value: '40' },
    ]);
  });

  it.each([
    ['an empty key', { Key: '', Value: 'v' }, 'tags.1.member.key'],
    ['a key of 129 characters', { Key: 'k'.repeat(129), Value: 'v' }, 'tags.1.member.key'],
    ['a value of 257 characters', { Key: 'k', Value: 'v'.repeat(257) }, 'tags.1.member.value'],
  ])('refuses %s', async (_, wrong, member) => {
    const { tag } = await secret();
    expect(await refusal(tag([wrong]))).toMatchObject({
      code: 'ValidationException',
      message: expect.stringContaining(`'${member}'`),
    });
  });

  it('refuses reserved keys and a 51st tag', async () => {
    const { tag, tags } = await secret();
    expect(await refusal(tag([{ Key: 'aws:x', Value: 'v' }]))).toMatchObject({ code: 'InvalidParameterException' });
    const fifty = Array.from({ length: 50 }, (_, n) => ({ Key: `k${n}`, Value: '' }));
    expect(await refusal(tag(fifty))).toMatchObject({ code: 'LimitExceededException' });
    expect(await tags()).toHaveLength(1);
  });
});

describe('UntagResource', () => {
  it('takes tags off, and does not mind those that are not there', async () => {
    const { untag, tags } = await secret();
    await untag(['team', 'never']);
    expect(await tags()).toBeUndefined();
  });
});
