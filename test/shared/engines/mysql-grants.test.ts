import { describe, expect, it } from 'vitest';
import {
  type Grants,
  giving,
  isMorePowerful,
  parseGrants,
  sameGrants,
  taking,
} from '../../../shared/engines/mysql-grants.ts';

const CLONE = '`app_clone`@`%`';

const grants = (...lines: string[]): Grants => {
  const parsed = parseGrants(lines);
  if (parsed === undefined) throw new Error('not understood');
  return parsed;
};

describe('SHOW GRANTS', () => {
  it.each([
    ['a login and nothing else', 'GRANT USAGE ON *.* TO `app`@`%`', []],
    [
      "MariaDB's, without the hash and the limits in it",
      "GRANT RELOAD ON *.* TO `app`@`%` IDENTIFIED BY PASSWORD '*66 WITH GRANT OPTION ON' WITH MAX_QUERIES_PER_HOUR 1",
      [['*.*', ['RELOAD']]],
    ],
    [
      'with the right to pass it on',
      'GRANT SELECT, INSERT ON `d1`.* TO `app`@`%` WITH GRANT OPTION',
      [['`d1`.*', ['SELECT', 'INSERT', 'GRANT OPTION']]],
    ],
    [
      'on columns',
      'GRANT SELECT (`a`, `b,c`), UPDATE (`b`) ON `d1`.`t` TO `app`@`%`',
      [['`d1`.`t`', ['SELECT (`a`, `b,c`)', 'UPDATE (`b`)']]],
    ],
    [
      'on columns whose names look like the rest of a statement',
      'GRANT SELECT (`a), SUPER`, `b ON *.* TO ``c``, (`), UPDATE (`)`) ON `d1`.`t` TO `app`@`%`',
      [['`d1`.`t`', ['SELECT (`a), SUPER`, `b ON *.* TO ``c``, (`)', 'UPDATE (`)`)']]],
    ],
    ['on a routine', 'GRANT EXECUTE ON PROCEDURE `d1`.`p` TO `app`@`%`', [['PROCEDURE `d1`.`p`', ['EXECUTE']]]],
    [
      'on names with backticks and words of the language',
      'GRANT SELECT ON `we``ird TO x ON`.* TO `app ON`@`%`',
      [['`we``ird TO x ON`.*', ['SELECT']]],
    ],
    ['on a pattern', 'GRANT SELECT ON `d\\_x`.* TO `app`@`%`', [['`d\\_x`.*', ['SELECT']]]],
  ])('reads privileges: %s', (_, line, expected) => {
    const read = [...grants(line).privileges].map(([object, privileges]) => [object, [...privileges]]);
    expect(read).toEqual(expected);
  });

  it("reads MySQL's dynamic privileges, each of which may be passed on or not", () => {
    const read = grants(
      'GRANT SELECT, CREATE USER ON *.* TO `app`@`%` WITH GRANT OPTION',
      'GRANT BACKUP_ADMIN,ROLE_ADMIN ON *.* TO `app`@`%`',
      'GRANT XA_RECOVER_ADMIN ON *.* TO `app`@`%` WITH GRANT OPTION',
    );
    expect([...(read.privileges.get('*.*') ?? [])]).toEqual(['SELECT', 'CREATE USER', 'GRANT OPTION']);
    expect(Object.fromEntries(read.dynamic)).toEqual({
      BACKUP_ADMIN: 'to use',
      ROLE_ADMIN: 'to use',
      XA_RECOVER_ADMIN: 'with grant option',
    });
  });

  it('reads roles and the default role', () => {
    const read = grants(
      'GRANT `r1` TO `app`@`%` WITH ADMIN OPTION',
      'GRANT `r2`@`%`,`r3`@`%` TO `app`@`%`',
      'SET DEFAULT ROLE `r1` FOR `app`@`%`',
    );
    expect(Object.fromEntries(read.roles)).toEqual({
      '`r1`': 'with admin option',
      '`r2`@`%`': 'to use',
      '`r3`@`%`': 'to use',
    });
    expect(read.defaultRole).toBe('`r1`');
  });

  it('is not slowed down by names full of backticks', () => {
    const name = `\`${'``'.repeat(60)}\``;
    expect([...grants(`GRANT ${name} TO \`app\`@\`%\``).roles.keys()]).toEqual([name]);
  });

  it.each([
    ['a partial revoke', 'REVOKE INSERT ON `d1`.* FROM `app`@`%`'],
    ['a proxy right', "GRANT PROXY ON 'root'@'localhost' TO 'app'@'%'"],
    ['what is not known here', 'GIVE ALL TO app'],
  ])('says so of %s instead of guessing', (_, line) => {
    expect(parseGrants(['GRANT USAGE ON *.* TO `app`@`%`', line])).toBeUndefined();
  });
});

describe('bringing a clone in line', () => {
  const wanted = grants(
    'GRANT SELECT, INSERT ON `d1`.* TO `app`@`%` WITH GRANT OPTION',
    'GRANT SELECT (`a`) ON `d2`.`t` TO `app`@`%`',
    'GRANT `r1` TO `app`@`%`',
  );

  it('gives what is missing, an object at a time', () => {
    expect(giving(wanted, grants('GRANT SELECT ON `d1`.* TO `app_clone`@`%`'), CLONE)).toEqual([
      'GRANT INSERT ON `d1`.* TO `app_clone`@`%` WITH GRANT OPTION',
      'GRANT SELECT (`a`) ON `d2`.`t` TO `app_clone`@`%`',
      'GRANT `r1` TO `app_clone`@`%`',
    ]);
  });

  it('gives the right to pass on alone where only that is missing', () => {
    const has = grants(
      'GRANT SELECT, INSERT ON `d1`.* TO `app_clone`@`%`',
      'GRANT SELECT (`a`) ON `d2`.`t` TO `app_clone`@`%`',
      'GRANT `r1` TO `app_clone`@`%`',
    );
    expect(giving(wanted, has, CLONE)).toEqual(['GRANT USAGE ON `d1`.* TO `app_clone`@`%` WITH GRANT OPTION']);
  });

  it('gives dynamic privileges as they are, and takes the grant option from those that have it beyond that', () => {
    const first = grants(
      'GRANT SELECT ON *.* TO `app`@`%` WITH GRANT OPTION',
      'GRANT BACKUP_ADMIN,ROLE_ADMIN ON *.* TO `app`@`%`',
      'GRANT AUDIT_ADMIN ON *.* TO `app`@`%` WITH GRANT OPTION',
    );
    const leaked = grants('GRANT BACKUP_ADMIN,CLONE_ADMIN ON *.* TO `app_clone`@`%` WITH GRANT OPTION');
    expect(giving(first, leaked, CLONE)).toEqual([
      'GRANT SELECT ON *.* TO `app_clone`@`%` WITH GRANT OPTION',
      'GRANT ROLE_ADMIN ON *.* TO `app_clone`@`%`',
      'GRANT AUDIT_ADMIN ON *.* TO `app_clone`@`%` WITH GRANT OPTION',
    ]);
    expect(taking(first, leaked, CLONE)).toEqual([
      'REVOKE BACKUP_ADMIN ON *.* FROM `app_clone`@`%`',
      'GRANT BACKUP_ADMIN ON *.* TO `app_clone`@`%`',
      'REVOKE CLONE_ADMIN ON *.* FROM `app_clone`@`%`',
    ]);
    expect(isMorePowerful(leaked, first)).toBe(true);
    expect(isMorePowerful(first, leaked)).toBe(true);
  });

  it('takes what the first user no longer has, and nothing else', () => {
    const has = grants(
      'GRANT SELECT, INSERT, DELETE ON `d1`.* TO `app_clone`@`%` WITH GRANT OPTION',
      'GRANT SELECT (`a`), UPDATE (`b`) ON `d2`.`t` TO `app_clone`@`%`',
      'GRANT `r1` TO `app_clone`@`%` WITH ADMIN OPTION',
      'GRANT `r9` TO `app_clone`@`%`',
    );
    expect(giving(wanted, has, CLONE)).toEqual([]);
    expect(taking(wanted, has, CLONE)).toEqual([
      'REVOKE DELETE ON `d1`.* FROM `app_clone`@`%`',
      'REVOKE UPDATE (`b`) ON `d2`.`t` FROM `app_clone`@`%`',
      'REVOKE ADMIN OPTION FOR `r1` FROM `app_clone`@`%`',
      'REVOKE `r9` FROM `app_clone`@`%`',
    ]);
    expect(sameGrants(wanted, has)).toBe(false);
    expect(sameGrants(wanted, wanted)).toBe(true);
  });

  it.each([
    ['a privilege on everything', 'GRANT RELOAD ON *.* TO `app_clone`@`%`', true],
    ['a role', 'GRANT `admin` TO `app_clone`@`%`', true],
    ['a privilege on one database, which is taken away', 'GRANT DELETE ON `d9`.* TO `app_clone`@`%`', false],
  ])('knows who is more powerful: %s', (_, line, expected) => {
    expect(isMorePowerful(grants(line), wanted)).toBe(expected);
  });
});
