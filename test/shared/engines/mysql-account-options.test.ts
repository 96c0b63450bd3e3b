import { expect, it } from 'vitest';
import { parseAccountOptions } from '../../../shared/engines/mysql-account-options.ts';

const NO_LIMITS =
  'WITH MAX_QUERIES_PER_HOUR 0 MAX_UPDATES_PER_HOUR 0 MAX_CONNECTIONS_PER_HOUR 0 MAX_USER_CONNECTIONS 0';

it.each([
  {
    of: 'MariaDB, the plainest',
    answer: "CREATE USER `app`@`%` IDENTIFIED BY PASSWORD '*66'",
    options: { plugin: 'mysql_native_password', require: 'REQUIRE NONE', limits: NO_LIMITS, defaultRoles: undefined },
  },
  {
    of: 'MariaDB, with limits and a lock',
    answer:
      "CREATE USER `app`@`%` IDENTIFIED BY PASSWORD '*66' REQUIRE SSL WITH MAX_QUERIES_PER_HOUR 1000 MAX_USER_CONNECTIONS 7 ACCOUNT LOCK",
    options: {
      plugin: 'mysql_native_password',
      require: 'REQUIRE SSL',
      limits: 'WITH MAX_QUERIES_PER_HOUR 1000 MAX_UPDATES_PER_HOUR 0 MAX_CONNECTIONS_PER_HOUR 0 MAX_USER_CONNECTIONS 7',
      defaultRoles: undefined,
    },
  },
  {
    of: 'MariaDB, with a choice of methods',
    answer:
      "CREATE USER `app`@`%` IDENTIFIED VIA ed25519 USING 'a REQUIRE b' OR mysql_native_password USING '*66' REQUIRE ISSUER '/C=SE WITH x' AND SUBJECT '/CN=it''s'",
    options: {
      plugin: 'ed25519',
      require: "REQUIRE ISSUER '/C=SE WITH x' AND SUBJECT '/CN=it''s'",
      limits: NO_LIMITS,
      defaultRoles: undefined,
    },
  },
  {
    of: 'MySQL, as its manual prints it (no MySQL server was at hand)',
    answer:
      "CREATE USER `app`@`%` IDENTIFIED WITH 'caching_sha2_password' AS '$A$005$x WITH y' DEFAULT ROLE `r1`@`%`,`r2`@`%` REQUIRE X509 WITH MAX_USER_CONNECTIONS 5 PASSWORD EXPIRE DEFAULT ACCOUNT UNLOCK PASSWORD HISTORY DEFAULT PASSWORD REUSE INTERVAL DEFAULT PASSWORD REQUIRE CURRENT DEFAULT",
    options: {
      plugin: 'caching_sha2_password',
      require: 'REQUIRE X509',
      limits: 'WITH MAX_QUERIES_PER_HOUR 0 MAX_UPDATES_PER_HOUR 0 MAX_CONNECTIONS_PER_HOUR 0 MAX_USER_CONNECTIONS 5',
      defaultRoles: '`r1`@`%`,`r2`@`%`',
    },
  },
])('SHOW CREATE USER of $of', ({ answer, options }) => {
  expect(parseAccountOptions(answer)).toEqual(options);
});
