/** A file of secrets as large as wanted, with all kinds of functions and a superuser for every ten databases. */
export function generatedSecrets(count: number): string {
  const secrets = Array.from({ length: count }, (_, n) => secret(n));
  return [
    'project: shop',
    'environments:',
    '  prod:',
    '    replicas: {eu-west-1: default}',
    '    operators: ["arn:aws:iam::111122223333:role/operator"]',
    'tags: {team: shop, cost-centre: "4711"}',
    'groups:',
    '  all:',
    '    secrets:',
    ...secrets.map((text, n) => `      ${nameOf(n)}: ${text}`),
    '',
  ].join('\n');
}

const nameOf = (n: number) => `secret-number-${n}`;

function secret(n: number): string {
  const login = (engine: string) =>
    `json: {engine: ${engine}, host: db.example.com, username: app, dbname: orders}, generate: {field: password}`;
  const superuser = `superuser: all/${nameOf(n - (n % 10))}`;
  const kinds = [
    `{kind: postgres-single-user, ${login('postgres')}}`,
    `{kind: postgres-alternating-users, ${superuser}, ${login('postgres')}}`,
    `{kind: mysql-single-user, ${login('mysql')}}`,
    `{kind: mysql-alternating-users, ${superuser}, ${login('mysql')}}`,
    '{kind: random-password, generate: {length: 40}, settings: {length: 40, charset: alphanumeric}}',
    '{kind: shared-token, json: {}, generate: {field: current}, rotation: {cron: "0 3 ? * SUN *", window: 3h}}',
    `{kind: api-key, administrator: all/${nameOf(n - (n % 10) + 7)}, filled: true}`,
    '{description: An administrator of an issuer of keys.}',
    `{kind: iam-access-key, user: "arn:aws:iam::111122223333:user/app-${n}", dedicated: true, filled: true}`,
    '{kind: random-password, rotation: {every: 12h}}',
  ];
  return kinds[n % 10] ?? '{}';
}
