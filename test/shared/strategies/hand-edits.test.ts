import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PostgresServer, startPostgres } from '../../../local/databases/postgres-server.ts';
import { STEPS, type Step } from '../../../shared/rotation/event.ts';
import { createSuperuser } from '../../support/alternating-roles.ts';
import { outputOfEachTest } from '../../support/captured-output.ts';
import { newPairRotation } from '../../support/pair-rotation.ts';
import { type Protocol, startProtocol } from '../../support/protocol.ts';
import { FIRST_PASSWORD, newRoleRotation, type RoleOptions } from '../../support/role-rotation.ts';

let server: PostgresServer;
let protocol: Protocol;
const output = outputOfEachTest();
beforeAll(async () => {
  [server, protocol] = await Promise.all([startPostgres({ settings: { ssl: 'off' } }), startProtocol()]);
  await createSuperuser(server);
});
afterAll(() => Promise.all([server.stop(), protocol.close()]));

const begin = (options?: RoleOptions) => newRoleRotation(server, protocol, options);
type Rotation = Awaited<ReturnType<typeof begin>>;

const after = (step: Step | undefined) => STEPS.slice(step === undefined ? 0 : STEPS.indexOf(step) + 1);
const rollBack = (arn: string, to: string) =>
  protocol.service.store.find(arn).versions.moveLabel('AWSCURRENT', to, protocol.stages(arn)['AWSCURRENT'], new Date());

/** As a service would that leaves AWSPENDING where it was when another version becomes current. */
function leavePending({ arn, token }: Pick<Rotation, 'arn' | 'token'>): void {
  protocol.service.store.find(arn).versions.stagePending(token, undefined, new Date());
}

async function restOf(rotation: Pick<Rotation, 'step'>, done: Step | undefined): Promise<void> {
  for (const step of after(done)) await rotation.step(step);
}

/** The rotation is taken up again with its old token, gives the candidate up, and the next one starts from AWSCURRENT. */
async function givesUpThenRotates(rotation: Rotation, password: string): Promise<void> {
  const current = protocol.stages(rotation.arn)['AWSCURRENT'];
  await expect(restOf(rotation, undefined)).rejects.toMatchObject({ name: 'CandidateGivenUp' });
  expect(protocol.stages(rotation.arn)).toMatchObject({ AWSCURRENT: current });
  expect(protocol.stages(rotation.arn)).not.toHaveProperty('AWSPENDING');
  expect(await rotation.logsIn(password)).toBe(true);
  rotation.restart();
  await rotation.finish();
  expect(protocol.stages(rotation.arn)['AWSPREVIOUS']).toBe(current);
  expect(await rotation.logsIn(rotation.passwordIn('AWSCURRENT'))).toBe(true);
}

describe('the password of a role', () => {
  it('that leaked and was changed by hand is not set again, though AWSPENDING was left on its version', async () => {
    const rotation = await begin();
    await rotation.finish();
    const leaked = rotation.passwordIn('AWSCURRENT');
    await rotation.setRolePassword('by hand');
    await rotation.putCurrent(rotation.value({ password: 'by hand' }));
    leavePending(rotation);
    await givesUpThenRotates(rotation, 'by hand');
    expect(await rotation.logsIn(leaked)).toBe(false);
  });

  it.each([true, false])('that was rolled back by its label is not set again; also at the server: %s', async (also) => {
    const rotation = await begin();
    const first = protocol.stages(rotation.arn)['AWSCURRENT'] ?? '';
    await rotation.finish();
    rollBack(rotation.arn, first);
    if (also) await rotation.setRolePassword(FIRST_PASSWORD);
    await givesUpThenRotates(rotation, FIRST_PASSWORD);
  });

  it.each([undefined, ...STEPS.slice(0, 3)])('keeps a field that somebody adds after %s', async (done) => {
    const rotation = await begin();
    for (const step of STEPS.slice(0, STEPS.length - after(done).length)) await rotation.step(step);
    await rotation.putCurrent(rotation.value({ note: 'by hand' }));
    if (done === undefined) {
      await restOf(rotation, undefined);
    } else {
      await expect(restOf(rotation, done)).rejects.toMatchObject({ name: 'CandidateGivenUp' });
      expect(rotation.passwordIn('AWSCURRENT')).toBe(FIRST_PASSWORD);
      expect(await rotation.logsIn(FIRST_PASSWORD)).toBe(true);
      rotation.restart();
      await rotation.finish();
    }
    expect(await rotation.logsIn(rotation.passwordIn('AWSCURRENT'))).toBe(true);
    expect(JSON.parse(rotation.textIn('AWSCURRENT'))).toMatchObject({ note: 'by hand' });
  });

  it('is not lost to an application that follows the advice about "ssl"', async () => {
    const rotation = await begin({ fields: () => ({ ssl: undefined }) });
    await rotation.step('createSecret');
    const error = await rotation.failure('setSecret');
    expect(error).toMatchObject({ name: 'TlsRefused', message: expect.stringMatching(/^AWSCURRENT: .*"ssl": false/) });
    await rotation.putCurrent(rotation.value({ ssl: false }));
    await givesUpThenRotates(rotation, FIRST_PASSWORD);
  });

  it('is told as it is when AWSPREVIOUS is of no help either', async () => {
    const rotation = await begin({ fields: () => ({ ssl: undefined }) });
    await rotation.putCurrent(rotation.value({ ssl: false }));
    rotation.restart();
    await rotation.setRolePassword('lost');
    await rotation.step('createSecret');
    expect(await rotation.failure('setSecret')).toMatchObject({ name: 'NoWorkingPassword' });
    expect(output.logs().map(({ message }) => message)).toContainEqual(expect.stringContaining('AWSPREVIOUS'));
  });

  it('that is edited into what does not log in leaves AWSPENDING on the one that does', async () => {
    const rotation = await begin();
    await rotation.step('createSecret');
    await rotation.step('setSecret');
    await rotation.putCurrent(rotation.value({ host: 'localhost', password: 'of another server' }));
    const error = await rotation.failure('setSecret');
    expect(error.name).toBe('CurrentLoginRefused');
    for (const label of ['AWSCURRENT', 'AWSPENDING']) {
      expect(error.message).toContain(`${label} (version ${protocol.stages(rotation.arn)[label]})`);
    }
    expect(await rotation.logsIn(rotation.passwordIn('AWSPENDING'))).toBe(true);
  });
});

describe('a candidate that somebody put under the token of the rotation', () => {
  it.each([
    ['weak', (text: string) => JSON.stringify({ ...JSON.parse(text), password: 'x' })],
    ['of another user', (text: string) => JSON.stringify({ ...JSON.parse(text), username: 'superuser' })],
    ['with another field', (text: string) => JSON.stringify({ ...JSON.parse(text), note: 'theirs' })],
    ['no JSON', () => 'theirs'],
  ])('is given up if it is %s', async (_, planted) => {
    const rotation = await begin();
    await rotation.step('createSecret');
    const good = rotation.textIn('AWSPENDING');
    rotation.restart();
    protocol.stage(rotation.arn, rotation.token, planted(good));
    await givesUpThenRotates(rotation, FIRST_PASSWORD);
  });
});

describe('two users that take turns', () => {
  it.each([undefined, ...STEPS.slice(0, 3)])('keep a field that somebody adds after %s', async (done) => {
    const rotation = await newPairRotation(server, protocol);
    for (const step of STEPS.slice(0, STEPS.length - after(done).length)) await rotation.step(step);
    await rotation.put(rotation.arn, rotation.value({ note: 'by hand' }));
    await restOf(rotation, done).catch((error) => expect(error).toMatchObject({ name: 'CandidateGivenUp' }));
    expect(await rotation.logsIn('AWSCURRENT')).toBe(true);
    rotation.restart();
    await rotation.finish();
    expect(JSON.parse(rotation.textIn('AWSCURRENT'))).toMatchObject({ note: 'by hand' });
    expect(await rotation.logsIn('AWSCURRENT')).toBe(true);
  });

  it('do not get a password again that leaked and was changed by hand', async () => {
    const rotation = await newPairRotation(server, protocol);
    await rotation.finish();
    const leaked = rotation.loginIn('AWSCURRENT').password;
    await server.query(`ALTER ROLE ${rotation.clone} PASSWORD 'by hand'`);
    await rotation.put(rotation.arn, rotation.value({ username: rotation.clone, password: 'by hand' }));
    leavePending(rotation);
    await expect(restOf(rotation, undefined)).rejects.toMatchObject({ name: 'CandidateGivenUp' });
    rotation.restart();
    await rotation.finish();
    expect(rotation.loginIn('AWSPREVIOUS').password).toBe('by hand');
    expect(rotation.loginIn('AWSCURRENT').password).not.toBe(leaked);
    expect(await rotation.logsIn('AWSCURRENT')).toBe(true);
    expect(await rotation.logsIn('AWSPREVIOUS')).toBe(true);
  });
});
