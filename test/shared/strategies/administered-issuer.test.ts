import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fakeDatadog } from '../../../local/issuers/datadog.ts';
import { datadog } from '../../../shared/providers/datadog.ts';
import { STEPS } from '../../../shared/rotation/event.ts';
import { putByHand } from '../../conformance/minted-key-steps.ts';
import { type ProviderWorld, startWorld } from '../../conformance/provider-world.ts';
import { outputOfEachTest } from '../../support/captured-output.ts';
import { chosenKeys, fakeChosenKeys } from '../../support/chosen-keys.ts';
import { failureOf } from '../../support/failure.ts';
import { invokeStep } from '../../support/protocol.ts';

let world: ProviderWorld;

afterEach(() => world.close());
outputOfEachTest();

/** A rotation of a secret that says this, by an administrator's secret that says that. */
async function rotation(secret: object, administrator: (arn: string) => object | string): Promise<void> {
  const masterarn = `test/administrator-${randomUUID()}`;
  const arn = world.protocol.createSecret(JSON.stringify({ masterarn, keyId: '', key: '', ...secret }));
  const said = administrator(arn);
  const SecretString = typeof said === 'string' ? said : JSON.stringify(said);
  world.protocol.service.store.create(masterarn, {}, randomUUID(), { SecretString });
  const token = world.protocol.beginRotation(arn);
  for (const step of STEPS) await invokeStep(world.handler(), step, arn, token);
}

const nothingAsked = () => expect(world.server.requests).toEqual([]);

describe('who can write a secret gains nothing', () => {
  beforeEach(async () => {
    world = await startWorld({ declaration: datadog.declaration, fake: fakeDatadog });
  });

  const secret = { provider: 'datadog' };

  it('by an administrator who serves it: the key is made', async () => {
    await rotation(secret, (arn) => ({ provider: 'datadog', ...world.administrator, serves: { [arn]: {} } }));
    expect(world.keys.living()).toHaveLength(1);
  });

  const other = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:other-AbCdEf';
  it.each<[string, (arn: string) => object | string]>([
    ['serves others only', () => ({ provider: 'datadog', ...world.administrator, serves: { [other]: {} } })],
    ['serves nobody', () => ({ provider: 'datadog', ...world.administrator })],
    ['is no such secret, but text', () => 'canary-of-somebody-else'],
    ['is no such secret, but JSON', () => ({ username: 'app', password: 'canary-of-somebody-else' })],
    ['serves by inheritance', () => '{"provider":"datadog","serves":{"__proto__":{}}}'],
  ])('from a secret that %s; and all of these look the same', async (_, administrator) => {
    let own = '';
    const failure = await failureOf(
      rotation(secret, (arn) => {
        own = arn;
        return administrator(arn);
      }),
    );
    expect(failure).toMatchObject({ name: 'AdministratorRefused' });
    expect(failure.message.replaceAll(own, 'ARN').replace(/test\/administrator-\S+/, 'NAME')).toBe(
      'NAME (masterarn) does not serve ARN. Nothing was asked of the issuer. Whoever owns that secret can add to its field "serves": {"ARN": {}}, with the targets that this secret may have, if the issuer takes any.',
    );
    nothingAsked();
  });

  it.each([
    ['ARN', (arn: string) => arn],
    ['name', (arn: string) => world.protocol.service.store.find(arn).name],
  ])('by naming itself as its administrator, by %s', async (_, nameOf) => {
    const arn = world.protocol.createSecret('{}');
    const own = { ...secret, keyId: '', key: '', ...world.administrator, serves: { [arn]: {} } };
    putByHand(world, arn, { ...own, masterarn: nameOf(arn) });
    const token = world.protocol.beginRotation(arn);
    const failure = await failureOf(invokeStep(world.handler(), 'createSecret', arn, token));
    expect(failure).toMatchObject({
      name: 'AdministratorRefused',
      message: expect.stringContaining('the secret itself'),
    });
    nothingAsked();
  });

  it('by saying where the issuer is: what the administrator says counts', async () => {
    const elsewhere = { baseUrl: 'https://127.0.0.1:1/evil', administrator: {}, apiKey: 'evil' };
    await rotation({ ...secret, ...elsewhere }, (arn) => ({
      provider: 'datadog',
      ...world.administrator,
      serves: { [arn]: {} },
    }));
    expect(world.keys.living()).toHaveLength(1);
  });

  it('by naming another provider than the administrator', async () => {
    const failure = await failureOf(
      rotation(secret, (arn) => ({ provider: 'grafana', ...world.administrator, serves: { [arn]: {} } })),
    );
    expect(failure).toMatchObject({
      name: 'AdministratorRefused',
      message: expect.stringContaining('is not for datadog'),
    });
    nothingAsked();
  });

  it.each<[string, Record<string, unknown>, RegExp]>([
    ['a credential is missing', { apiKey: undefined }, /administrator's secret .*"apiKey" is missing/],
    ['a credential is no text', { apiKey: { nested: 'canary' } }, /"apiKey" must be a text/],
    [
      'the address is not https',
      { baseUrl: 'http://127.0.0.1/' },
      /"baseUrl" must be an address that begins with https/,
    ],
    ['the address has a password', { baseUrl: 'https://u:canary@127.0.0.1/' }, /"baseUrl"/],
    [
      'a credential can be no header',
      { apiKey: 'a\r\nHost: canary' },
      /DD-API-KEY cannot carry "administrator\.apiKey"/,
    ],
    [
      'keys with names are called dedicated',
      { dedicated: true },
      /"serves.*dedicated" is for issuers whose keys have no names/,
    ],
    ['an entry has an unknown field', { entry: { target: {} } }, /"serves.*must be an object such as/],
  ])('and if %s, the administrator is told which field', async (_, { dedicated, entry, ...changes }, message) => {
    const failure = await failureOf(
      rotation(secret, (arn) => ({
        provider: 'datadog',
        ...world.administrator,
        ...changes,
        serves: { [arn]: entry ?? { ...(dedicated === true && { dedicated }) } },
      })),
    );
    expect(failure).toMatchObject({ name: 'InvalidSecret', message: expect.stringMatching(message) });
    expect(failure.message).not.toContain('canary');
    nothingAsked();
  });
});

describe('which target', () => {
  beforeEach(async () => {
    world = await startWorld({ declaration: chosenKeys, fake: fakeChosenKeys });
  });

  const served =
    (targets: object, more: object = {}) =>
    (arn: string) => ({
      provider: 'chosen-keys',
      ...world.administrator,
      serves: { [arn]: { targets, ...more } },
    });
  const two = { blue: { app: 'app-blue' }, green: { app: 'app-green' } };

  it('is the only one, unless there are more', async () => {
    await rotation({ provider: 'chosen-keys' }, served({ blue: two.blue }));
    expect(world.keys.living('app-blue')).toHaveLength(1);
  });

  it('is the one that the secret chooses', async () => {
    await rotation({ provider: 'chosen-keys', target: 'green' }, served(two));
    expect([world.keys.living('app-blue').length, world.keys.living('app-green').length]).toEqual([0, 1]);
  });

  it.each<[string, object, object, object, string]>([
    ['none of several', {}, two, {}, 'InvalidSecret'],
    ['one that is not allowed', { target: 'red' }, two, {}, 'AdministratorRefused'],
    ['one by inheritance', { target: 'constructor' }, two, {}, 'AdministratorRefused'],
    ['one without its fields', {}, { blue: {} }, {}, 'InvalidSecret'],
  ])('is not %s', async (_, secret, targets, more, name) => {
    const failure = await failureOf(rotation({ provider: 'chosen-keys', ...secret }, served(targets, more)));
    expect(failure).toMatchObject({ name });
    nothingAsked();
  });

  it.each([
    ['targets', { targets: { a: two.blue } }, { targets: { b: two.blue } }],
    ['accounts', {}, {}],
  ])('is dedicated to one secret only, whether it is one of several %s', async (_, own, theirs) => {
    const other = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:other-AbCdEf';
    const failure = await failureOf(
      rotation({ provider: 'chosen-keys' }, (arn) => ({
        provider: 'chosen-keys',
        ...world.administrator,
        serves: { [arn]: { ...own, dedicated: true }, [other]: theirs },
      })),
    );
    expect(failure).toMatchObject({ name: 'InvalidSecret', message: expect.stringContaining(other) });
    nothingAsked();
  });
});
