import { randomUUID } from 'node:crypto';
import { STEPS, type Step } from '../../shared/rotation/event.ts';
import type { RotationHandler } from '../../shared/rotation/handler.ts';
import { invokeStep } from '../support/protocol.ts';
import type { MintedKeyWorld } from './minted-key-world.ts';

/** Longer than any run of the function: an orphan of before cannot be about to be stored any more. */
export const LONG_AFTER_MS = 120_000;

type Rotated = Pick<MintedKeyWorld, 'protocol' | 'clock' | 'newSecret' | 'handler'>;

export async function runSteps(
  handler: RotationHandler,
  arn: string,
  token: string,
  steps: readonly Step[] = STEPS,
): Promise<void> {
  for (const step of steps) await invokeStep(handler, step, arn, token);
}

/** A whole rotation in a container of its own, long enough after whatever was before. Returns its token. */
export async function rotated(world: Rotated, arn: string): Promise<string> {
  world.clock.pass(LONG_AFTER_MS);
  const token = world.protocol.beginRotation(arn);
  await runSteps(world.handler(), arn, token);
  succeeded(world, arn, token);
  return token;
}

/** A secret that was rotated twice, so that every label has a key. */
export async function secretWithHistory(world: Rotated, tags: Readonly<Record<string, string>> = {}): Promise<string> {
  const arn = world.newSecret(tags);
  await rotated(world, arn);
  await rotated(world, arn);
  world.clock.pass(LONG_AFTER_MS);
  return arn;
}

/** What the service does once all steps have succeeded. */
export function succeeded({ protocol, clock }: Pick<Rotated, 'protocol' | 'clock'>, arn: string, token: string): void {
  const secret = protocol.service.store.find(arn);
  secret.versions.clearPending(token, clock.now());
  secret.rotation = {
    functionArn: 'arn:aws:lambda:us-east-1:123456789012:function:rotation',
    rules: {},
    schedule: undefined,
    enabled: true,
    lastRotated: clock.now(),
    latest: undefined,
    due: undefined,
  };
}

/** What somebody does by hand to start anew. */
export function clearPending({ protocol, clock }: Pick<Rotated, 'protocol' | 'clock'>, arn: string, token: string) {
  protocol.service.store.find(arn).versions.clearPending(token, clock.now());
}

/** The fields of a version, by staging label or id; none if there is no such version. */
export function secretIn({ protocol }: Pick<Rotated, 'protocol'>, arn: string, version: string) {
  return JSON.parse(protocol.valueOf(arn, version) ?? '{}');
}

/** Makes another current value, as `put-secret-value` does. */
export function putByHand(world: Pick<Rotated, 'protocol' | 'clock'>, arn: string, changes: object): void {
  const SecretString = JSON.stringify({ ...secretIn(world, arn, 'AWSCURRENT'), ...changes });
  const { store } = world.protocol.service;
  world.clock.pass(1);
  store.find(arn).versions.put(randomUUID(), { SecretString }, ['AWSCURRENT'], store.now());
}

/** The keys of AWSCURRENT and, if there is one, of AWSPREVIOUS. */
export function stagedKeys({ keyIn }: Pick<MintedKeyWorld, 'keyIn'>, arn: string): readonly string[] {
  return ['AWSCURRENT', 'AWSPREVIOUS'].map((label) => keyIn(arn, label)).filter((key) => key !== '');
}

export function alive({ keys }: Pick<MintedKeyWorld, 'keys'>): readonly string[] {
  return keys.living().map(({ value }) => value);
}
