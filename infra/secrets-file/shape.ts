import { type NameParts, nameBy } from './naming.ts';
import type { SecretText } from './schema.ts';

/** What CloudFormation makes the first value of. It never changes after the deployment that creates the secret. */
export type Shape = 'empty' | FirstValue;

export interface FirstValue {
  /** `masterarn` stands as the name of the other secret, or as the ARN that the file gives; its own ARN is known on deployment. */
  readonly json?: Readonly<Record<string, unknown>>;
  readonly generate?: Generated;
}

export interface Generated {
  /** The field of the JSON object; the whole value without one. */
  readonly field?: string;
  readonly length: number;
  readonly exclude: string;
  readonly alphanumeric?: true;
}

/** As the functions leave out by default: what breaks connection strings. */
const EXCLUDED = '/@"\'\\';
const LENGTH = 32;

/** @param masterarn the name or the ARN of the superuser's or administrator's secret; with another one the value is another */
export function shapeOf({ json, generate, database }: SecretText, masterarn: string | undefined): Shape {
  if (json === undefined && generate === undefined) return 'empty';
  return {
    ...(json && {
      json: {
        ...json,
        ...(database?.instance !== undefined && { dbInstanceIdentifier: database.instance }),
        ...(database?.cluster !== undefined && { dbClusterIdentifier: database.cluster }),
        ...(masterarn !== undefined && { masterarn }),
      },
    }),
    ...(generate && {
      generate: {
        ...(generate.field !== undefined && { field: generate.field }),
        length: generate.length ?? LENGTH,
        exclude: generate.exclude ?? EXCLUDED,
        ...(generate.alphanumeric && { alphanumeric: true }),
      },
    }),
  };
}

/** With the placeholders of names in the strings of its object replaced. */
export function writtenOut(shape: FirstValue, parts: NameParts): FirstValue {
  if (shape.json === undefined) return shape;
  const fields = Object.entries(shape.json).map(([name, value]) => [
    name,
    name === 'masterarn' ? value : inside(value),
  ]);
  return { ...shape, json: Object.fromEntries(fields) };

  function inside(value: unknown): unknown {
    if (typeof value === 'string') return nameBy(value, parts);
    if (Array.isArray(value)) return value.map(inside);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, inside(inner)]));
  }
}

/** The fields that the file's other keys write into the JSON object. */
export const WRITTEN_FIELDS = ['dbInstanceIdentifier', 'dbClusterIdentifier', 'masterarn'] as const;
