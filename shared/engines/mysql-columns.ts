/** What a server tells in one row or one JSON object, by lower-case name: versions spell some columns differently. */
export type Columns = ReadonlyMap<string, unknown>;

/** Of a row, of JSON that the driver has parsed, or of its text; empty for anything else. */
export function columnsOf(value: unknown): Columns {
  const told = typeof value === 'string' && value !== '' ? JSON.parse(value) : value;
  if (typeof told !== 'object' || told === null) return new Map();
  return new Map(Object.entries(told).map(([name, held]) => [name.toLowerCase(), held]));
}

/** Columns of bytes hold text, too; what is not there is empty. */
export function textIn(value: unknown): string {
  if (value === null || value === undefined) return '';
  return Buffer.isBuffer(value) ? value.toString() : String(value);
}

/** What is not there is 0. */
export function numberIn(value: unknown): number {
  return Number(value ?? 0);
}
