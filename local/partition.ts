/**
 * The part of AWS that a Region belongs to, as ARNs begin with it.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
 */
export function partitionOf(region: string): string {
  const [, special] = /^(cn|us-gov|us-isof|us-isob|us-iso|eu-isoe)-/.exec(region) ?? [];
  if (special === undefined) return 'aws';
  if (special === 'cn' || special === 'us-gov') return `aws-${special}`;
  return special === 'us-iso' ? 'aws-iso' : `aws-${special.replace(/^(?:us|eu)-iso/, 'iso-')}`;
}
