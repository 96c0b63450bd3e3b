import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ServiceError } from '../../../local/secrets-manager/errors.ts';
import { type SecretValue, StagedVersions } from '../../../local/secrets-manager/staged-versions.ts';

const start = Date.parse('2026-03-10T12:00:00Z');
const hours = (count: number) => new Date(start + count * 3_600_000);

const id = fc.constantFrom('v1', 'v2', 'v3', 'v4', 'v5');
const label = fc.oneof(
  fc.constantFrom('AWSCURRENT', 'AWSPENDING', 'AWSPREVIOUS', 'mine'),
  fc.nat(25).map((n) => `label-${n}`),
);
const value: fc.Arbitrary<SecretValue> = fc.oneof(
  fc.constantFrom('a', 'b').map((SecretString) => ({ SecretString })),
  fc.constantFrom('AA==', 'AQ==').map((SecretBinary) => ({ SecretBinary })),
);
const maybe = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: undefined });

type Change = (versions: StagedVersions, now: Date) => unknown;
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ id, value, stages: maybe(fc.uniqueArray(label, { minLength: 1, maxLength: 20 })) }).map(
    (c): Change =>
      (versions, now) =>
        versions.put(c.id, c.value, c.stages, now),
  ),
  fc.record({ id, value: maybe(value) }).map(
    (c): Change =>
      (versions, now) =>
        versions.stagePending(c.id, c.value, now),
  ),
  fc.record({ label, to: maybe(id), from: maybe(id) }).map(
    (c): Change =>
      (versions, now) =>
        versions.moveLabel(c.label, c.to, c.from, now),
  ),
  // Most moves drawn at random are refused; these name the real holder.
  fc.record({ label, to: id }).map(
    (c): Change =>
      (versions, now) =>
        versions.moveLabel(c.label, c.to, versions.holderOf(c.label)?.id, now),
  ),
  id.map(
    (c): Change =>
      (versions, now) =>
        versions.clearPending(c, now),
  ),
);

const snapshot = (versions: StagedVersions) => ({
  versions: versions.all().map((version) => ({ ...version })),
  stages: versions.idsToStages(),
});

describe('Whatever is done to the versions of a secret', () => {
  it('labels are unique, one version with a value is current once there is any, and values never change', () => {
    let refused = 0;
    let done = 0;
    fc.assert(
      fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
        const versions = new StagedVersions('arn');
        for (const [n, apply] of changes.entries()) {
          const before = snapshot(versions);
          try {
            apply(versions, hours(n));
            done += 1;
          } catch (error) {
            if (!(error instanceof ServiceError)) throw error;
            refused += 1;
            // Refused whole.
            expect(snapshot(versions)).toEqual(before);
          }
          const labels = versions.all().flatMap((version) => versions.stagesOf(version.id));
          expect(new Set(labels).size).toBe(labels.length);
          expect(labels.length).toBeLessThanOrEqual(20);
          const current = versions.holderOf('AWSCURRENT');
          const putOnce = versions.all().some((v) => v.value !== undefined && versions.stagesOf(v.id).length > 0);
          if (before.stages !== undefined && JSON.stringify(before.stages).includes('AWSCURRENT')) {
            expect(current).toBeDefined();
          }
          if (current !== undefined) {
            expect(putOnce).toBe(true);
            expect(current.value).toBeDefined();
            expect(versions.holderOf('AWSPREVIOUS')?.id).not.toBe(current.id);
          }
          for (const old of before.versions) {
            if (old.value !== undefined) expect(versions.get(old.id)?.value).toEqual(old.value);
          }
        }
      }),
      { numRuns: 300 },
    );
    // The property would say nothing if nearly every change were refused.
    expect(done).toBeGreaterThan(refused / 4);
  });

  it('the first value that is put is current, under whatever labels it comes', () => {
    fc.assert(
      fc.property(value, maybe(fc.uniqueArray(label, { minLength: 1, maxLength: 15 })), (first, stages) => {
        fc.pre(!stages?.includes('AWSPREVIOUS'));
        const versions = new StagedVersions('arn');
        versions.put('v1', first, stages, hours(0));
        expect(versions.holderOf('AWSCURRENT')?.id).toBe('v1');
      }),
    );
  });

  it('a new current value makes the old one the previous one', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 20 }), (changes) => {
        const versions = new StagedVersions('arn');
        versions.put('first', { SecretString: 'a' }, undefined, hours(0));
        for (const apply of changes) {
          try {
            apply(versions, hours(1));
          } catch (error) {
            if (!(error instanceof ServiceError)) throw error;
          }
        }
        fc.pre(Object.values(versions.idsToStages() ?? {}).flat().length < 20);
        const former = versions.holderOf('AWSCURRENT')?.id;
        versions.put('last', { SecretString: 'z' }, undefined, hours(2));
        expect(versions.holderOf('AWSCURRENT')?.id).toBe('last');
        expect(versions.holderOf('AWSPREVIOUS')?.id).toBe(former);
      }),
    );
  });
});

describe('Versions without a label', () => {
  const afterPuts = (count: number) => {
    const versions = new StagedVersions('arn');
    for (let n = 0; n < count; n++) versions.put(`v${n}`, { SecretString: 'v' }, undefined, hours(0));
    return versions;
  };

  it('are all kept while they are younger than a day', () => {
    const versions = afterPuts(150);
    versions.put('last', { SecretString: 'v' }, undefined, new Date(hours(24).getTime() - 1));
    expect(versions.all()).toHaveLength(151);
  });

  it('are pruned to a hundred once they are a day old, labelled ones not counted', () => {
    const versions = afterPuts(150);
    versions.put('last', { SecretString: 'v' }, undefined, hours(24));
    // 100 without a label, the current and the previous one.
    expect(versions.all()).toHaveLength(102);
    expect(versions.get('v48')).toBeUndefined();
    expect(versions.get('v49')).toBeDefined();
  });
});
