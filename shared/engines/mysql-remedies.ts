import type { DatabaseLogin } from './engine.ts';

/** What helps against an error that says nothing of the password, by its number; `message` is the server's. `mysql-remedies.test.ts` carries out those whose error one machine can bring about. */
export function remedy(number: number, message: string, login: DatabaseLogin): string {
  switch (number) {
    case 1044:
      return `Check that database ${login.database} exists: the server says the same if it does not. If it does: GRANT … ON ${quoted(login.database)}.* TO the account.`;
    case 1049:
      return "Check the secret's dbname.";
    case 1129:
      return 'The host of this function is blocked after too many broken connections: TRUNCATE TABLE performance_schema.host_cache on MySQL, FLUSH HOSTS on MariaDB, as a superuser; then look for their cause.';
    case 1130:
      return 'No account may log in from the address of this function: as a superuser widen the host part of this one (RENAME USER).';
    case 1133:
    case 1396:
      return `Look as a superuser whether the account is there: SELECT User, Host FROM mysql.user WHERE User = '${login.username}'. Only if it is not, somebody dropped or renamed it: create it again, with its grants and the password of AWSCURRENT. If it is there, it does not take this change; nothing was changed.`;
    case 1184:
      return "Correct the server's init_connect, which fails for this user.";
    case 1226:
      return `Raise the limit as a superuser (ALTER USER … WITH ${limitIn(message)} 0 takes it away), or wait; it holds for open connections until they end.`;
    case 1820:
    case 1862:
      return 'Its password has expired: a whole rotation sets a new one, a test of the present one cannot pass.';
    case 3118:
    case 4151:
      return 'Somebody has locked it. If it shall be rotated: ALTER USER … ACCOUNT UNLOCK, as a superuser.';
    case 3955:
    case 4150:
      return 'It is locked for failed logins: ALTER USER … ACCOUNT UNLOCK, as a superuser; then look for who tries old passwords.';
    case 1470:
      return 'The user name is longer than this server takes: rename the first user, at the server and in the secret.';
    default:
      return "Look the number up in the server's list of error codes.";
  }
}

/** As `ALTER USER` names what the server's message does. */
function limitIn(message: string): string {
  if (message.includes('max_user_connections')) return 'MAX_USER_CONNECTIONS';
  if (message.includes('max_connections')) return 'MAX_CONNECTIONS_PER_HOUR';
  return message.includes('max_updates') ? 'MAX_UPDATES_PER_HOUR' : 'MAX_QUERIES_PER_HOUR';
}

function quoted(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}
