import { describe, expect, it } from 'vitest';
import { crashFigures } from '../../bench/crash-points.ts';
import { isMet } from '../../bench/figure.ts';

const end = (status: string, meta: Readonly<Record<string, unknown>>, subject = 'mysql-single-user') => ({
  fullName: '',
  ancestorTitles: ['on MariaDB', `${subject}, killed at each of its effects`],
  status,
  meta,
});
const points = (all: number, survived: number) => ({ crashPoints: { all, survived } });

describe('the crash points of a function', () => {
  it('are summed up over its tests', () => {
    const figures = crashFigures([end('passed', points(40, 40)), end('passed', points(42, 42))]);
    expect(figures).toHaveLength(1);
    expect(figures[0]).toMatchObject({ name: 'crash points not survived, mysql-single-user', measured: 0 });
    expect(figures[0]?.detail).toContain('of 82');
    expect(figures.every(isMet)).toBe(true);
  });

  it.each([
    ['one was not survived', end('failed', points(40, 39))],
    ['nothing was counted', end('failed', {})],
    ['what was counted cannot be read', end('failed', { crashPoints: null })],
  ])('are not all survived if %s', (_, failed) => {
    expect(crashFigures([end('passed', points(40, 40)), failed]).every(isMet)).toBe(false);
  });

  it('are left out where its tests are skipped', () => {
    expect(crashFigures([end('skipped', {}), end('passed', points(1, 1), 'postgres-single-user')])).toHaveLength(1);
  });
});
