import { CancelRotateSecretCommand, DeleteSecretCommand, PutSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { describe, expect, it } from 'vitest';
import { acceleratedClock } from '../../../local/secrets-manager/clock.ts';
import { allSteps, rotationSetting } from './rotation-setting.ts';
import { stoppedClock } from './service.ts';

const monthly = { RotationRules: { AutomaticallyAfterDays: 30 } };

/** A secret rotated on 10 March, with the next window on 9 April; the function fails while `broken`. */
async function scheduled() {
  const { clock, moveTo } = stoppedClock('2026-03-10T12:00:00Z');
  const state = { broken: false };
  const setting = await rotationSetting(
    () => {
      if (state.broken) throw new Error('broken');
    },
    { clock, retries: 0 },
  );
  await setting.rotateSecret(monthly);
  await setting.service.settled();
  const runDueAt = async (time: string) => {
    moveTo(time);
    const started = setting.service.runDue().map(({ name }) => name);
    await setting.service.settled();
    return started;
  };
  const nextDate = async () => (await setting.described()).NextRotationDate;
  return { ...setting, state, moveTo, runDueAt, nextDate };
}

describe('The schedule', () => {
  it('shows the latest date of the next rotation, and the date of the last one', async () => {
    const { described } = await scheduled();
    expect(await described()).toMatchObject({
      LastRotatedDate: new Date('2026-03-10T12:00:00Z'),
      NextRotationDate: new Date('2026-04-09T23:59:59Z'),
    });
  });

  it('starts nothing before the window opens', async () => {
    const { runDueAt } = await scheduled();
    expect(await runDueAt('2026-04-08T23:59:59.999Z')).toEqual([]);
  });

  it.each(['2026-04-09T00:00:00Z', '2026-04-10T00:00:00Z'])('rotates at %s, and sets the next date', async (time) => {
    const { runDueAt, steps, nextDate } = await scheduled();
    expect(await runDueAt(time)).toEqual(['s']);
    expect(steps()).toEqual([...allSteps, ...allSteps]);
    const nextDay = new Date(Date.parse(time) + 31 * 86_400_000 - 1000);
    expect(await nextDate()).toEqual(nextDay);
    expect(await runDueAt(time)).toEqual([]);
  });

  it('takes a moment to judge by', async () => {
    const { service } = await scheduled();
    expect(service.runDue(new Date('2026-04-09T00:00:00Z'))).toHaveLength(1);
    await service.settled();
  });

  it('leaves the date in the past after a failure, and takes the rotation up in the next window with its token', async () => {
    const { runDueAt, requests, state, nextDate, service } = await scheduled();
    state.broken = true;
    expect(await runDueAt('2026-04-09T01:00:00Z')).toEqual(['s']);
    expect(await nextDate()).toEqual(new Date('2026-04-09T23:59:59Z'));
    expect(await runDueAt('2026-04-10T00:00:00Z')).toEqual([]);
    const failed = requests.at(-1)?.ClientRequestToken;
    state.broken = false;
    expect(await runDueAt('2026-05-09T00:00:00Z')).toEqual(['s']);
    expect(service.results.at(-1)).toMatchObject({ versionId: failed, outcome: 'succeeded' });
    expect(await nextDate()).toEqual(new Date('2026-06-08T23:59:59Z'));
  });

  it('starts over when a value is written by hand', async () => {
    const { client, moveTo, nextDate } = await scheduled();
    moveTo('2026-03-20T12:00:00Z');
    await client.send(new PutSecretValueCommand({ SecretId: 's', SecretString: 'by hand' }));
    expect(await nextDate()).toEqual(new Date('2026-04-19T23:59:59Z'));
  });

  it.each([
    ['cancelled', new CancelRotateSecretCommand({ SecretId: 's' })],
    ['deleted', new DeleteSecretCommand({ SecretId: 's' })],
  ])('does not rotate a secret that was %s', async (_, command) => {
    const { client, runDueAt } = await scheduled();
    // The union of commands has no common overload of send.
    await (command instanceof DeleteSecretCommand ? client.send(command) : client.send(command));
    expect(await runDueAt('2026-04-09T00:00:00Z')).toEqual([]);
  });

  it('runs by itself in a server that was told to, however short its days are', async () => {
    const { service, rotateSecret } = await rotationSetting(undefined, {
      millisecondsPerDay: 200,
      scheduleEveryMs: 10,
    });
    await rotateSecret({ RotationRules: { AutomaticallyAfterDays: 1 } });
    await expect.poll(() => service.results.length, { timeout: 10_000 }).toBeGreaterThanOrEqual(3);
    expect(service.results.map(({ outcome }) => outcome)).not.toContain('failed');
  });
});

describe('A clock with short days', () => {
  it('lets a day pass in the time given for one', () => {
    let real = Date.parse('2026-03-10T12:00:00Z');
    const clock = acceleratedClock(1000, () => new Date(real));
    expect(clock()).toEqual(new Date('2026-03-10T12:00:00Z'));
    real += 2500;
    expect(clock()).toEqual(new Date('2026-03-13T00:00:00Z'));
  });
});
