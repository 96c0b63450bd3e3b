import type { Readable } from 'node:stream';
import { InvalidSetting } from '../errors.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** A service as the variables `AWS_ENDPOINT_URL_…` spell it. */
export type AwsService = 'SECRETS_MANAGER' | 'RDS' | 'IAM' | 'STS';

/** Who signs, where it is not the function itself. */
export interface GivenCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

const DEFAULT_MAX_ATTEMPTS = 5;
const CONNECTION_TIMEOUT_MS = 2_000;
const REQUEST_TIMEOUT_MS = 5_000;

/**
 * Configures a client of the SDK by the environment alone: everything that the SDK would look up in ~/.aws or in the
 * instance metadata is given here, so neither is read (a Lambda has neither, and looking costs part of each cold
 * start). The variables are the SDK's own:
 * https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html#EVarSettings
 *
 * Constructing never fails. A missing or wrong setting is an InvalidSetting at the first call, where it can be logged.
 * An attempt ends after 2 s without a connection or 5 s without an answer; there are AWS_MAX_ATTEMPTS (5) of them.
 *
 * @param credentials instead of the environment's
 */
export function clientConfiguration(service: AwsService, environment: Environment, credentials?: GivenCredentials) {
  const endpoint = configuredEndpoint(environment, service);
  const applicationId = environment['AWS_SDK_UA_APP_ID'];
  return {
    credentials: credentials ?? credentialsOf(environment),
    region: async () => required(environment, 'AWS_REGION', 'AWS_DEFAULT_REGION'),
    ...(endpoint && { endpoint }),
    ignoreConfiguredEndpointUrls: true,
    useFipsEndpoint: async () => flag(environment, 'AWS_USE_FIPS_ENDPOINT'),
    useDualstackEndpoint: async () => flag(environment, 'AWS_USE_DUALSTACK_ENDPOINT'),
    disableClockSkewCorrection: async () => flag(environment, 'AWS_DISABLE_CLOCK_SKEW_CORRECTION'),
    maxAttempts: async () => maxAttempts(environment),
    retryMode: async () => retryMode(environment),
    defaultsMode: 'standard' as const,
    authSchemePreference: [],
    userAgentAppId: async () => applicationId,
    streamCollector: wholeBody,
    requestHandler: {
      connectionTimeout: CONNECTION_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      // Without this the request timeout is only a warning.
      throwOnRequestTimeout: true,
      // The request timeout ends with the answer's headers; this one also ends an answer that stalls.
      socketTimeout: REQUEST_TIMEOUT_MS,
      httpAgent: { keepAlive: true },
      httpsAgent: { keepAlive: true },
    },
  };
}

/** The SDK's own collector asks for Blob and ReadableStream first, and so loads all of Node's web streams. */
async function wholeBody(body: Readable): Promise<Uint8Array> {
  return Buffer.concat(await body.toArray());
}

/** `memoized` tells the SDK not to keep the answer: what the environment says now is what signs now. */
function credentialsOf(environment: Environment) {
  const read = async () => {
    const sessionToken = environment['AWS_SESSION_TOKEN'];
    return {
      accessKeyId: required(environment, 'AWS_ACCESS_KEY_ID'),
      secretAccessKey: required(environment, 'AWS_SECRET_ACCESS_KEY'),
      ...(sessionToken && { sessionToken }),
    };
  };
  return Object.assign(read, { memoized: true });
}

function configuredEndpoint(environment: Environment, service: AwsService): string | undefined {
  if (environment['AWS_IGNORE_CONFIGURED_ENDPOINT_URLS']?.toLowerCase() === 'true') return undefined;
  return environment[`AWS_ENDPOINT_URL_${service}`] || environment['AWS_ENDPOINT_URL'] || undefined;
}

function required(environment: Environment, ...names: string[]): string {
  for (const name of names) {
    const value = environment[name];
    if (value) return value;
  }
  throw new InvalidSetting(
    `The environment variable ${names[0]} is missing. Lambda sets it; elsewhere set it before the function starts.`,
  );
}

function flag(environment: Environment, name: string): boolean {
  const value = environment[name]?.toLowerCase();
  if (value === undefined || value === '' || value === 'false') return false;
  if (value === 'true') return true;
  throw new InvalidSetting(`The environment variable ${name} must be "true" or "false".`);
}

function maxAttempts(environment: Environment): number {
  const value = environment['AWS_MAX_ATTEMPTS'] || String(DEFAULT_MAX_ATTEMPTS);
  if (/^[1-9]\d{0,2}$/.test(value)) return Number(value);
  throw new InvalidSetting('The environment variable AWS_MAX_ATTEMPTS must be a whole number from 1 to 999.');
}

function retryMode(environment: Environment): string {
  const value = environment['AWS_RETRY_MODE']?.toLowerCase() || 'standard';
  if (value === 'standard' || value === 'adaptive' || value === 'legacy') return value;
  throw new InvalidSetting('The environment variable AWS_RETRY_MODE must be "standard", "adaptive" or "legacy".');
}
