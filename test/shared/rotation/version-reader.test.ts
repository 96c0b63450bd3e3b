import { describe, expect, it } from 'vitest';
import { SecretsManagerRefused } from '../../../shared/errors.ts';
import type { Context } from '../../../shared/rotation/strategy.ts';
import { noCurrentValue, versionReader } from '../../../shared/rotation/version-reader.ts';
import type { SecretStore } from '../../../shared/secrets/secret-store.ts';
import { failureOf } from '../../support/failure.ts';
import { targetStrategy } from '../../support/target.ts';
import { timeLimit } from '../../support/time-limit.ts';

const SECRET = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:app-AbCdEf';

/** A secret whose AWSCURRENT has no value, which the local service never lets happen. */
function emptyCurrent(stages: Readonly<Record<string, readonly string[]>>) {
  const refuse = async () => {
    throw new SecretsManagerRefused('There is no such value.', 'ResourceNotFoundException');
  };
  const description = { arn: SECRET, rotationEnabled: true, tags: new Map(), stages: new Map(Object.entries(stages)) };
  const store: SecretStore = { describe: async () => description, read: refuse, putPending: refuse, moveStage: refuse };
  const context: Context = {
    secretId: SECRET,
    token: 'token',
    environment: {},
    deadline: { longest: 1000, ...timeLimit() },
    describe: async () => description,
    readOtherSecret: refuse,
    conceal() {},
    identify: (text) => text,
    warn() {},
  };
  const strategy = targetStrategy({ accepts: '', did: [] });
  return { context, reader: versionReader({ secretId: SECRET, token: 'token', strategy, store, context }) };
}

describe('AWSCURRENT without a value', () => {
  it('is NoCurrentValue, which names the version of AWSPREVIOUS and moves AWSCURRENT back to it', async () => {
    const { reader } = emptyCurrent({ empty: ['AWSCURRENT', 'AWSPENDING'], last: ['AWSPREVIOUS'] });
    const error = await failureOf(reader.versions.current());
    expect(error.name).toBe('NoCurrentValue');
    expect(error.message).toContain('--move-to-version-id last --remove-from-version-id empty');
  });

  it('says what to store where there is no AWSPREVIOUS', async () => {
    const { context } = emptyCurrent({ token: ['AWSPENDING'] });
    expect((await noCurrentValue(SECRET, context)).message).toMatch(/Store the value: aws secretsmanager put-secret/);
  });
});
