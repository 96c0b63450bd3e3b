/** What an AWS service said when it did not do what it was asked. */
export interface ServiceAnswer {
  /** The service's own error code, such as `AccessDeniedException`. */
  readonly name: string;
  readonly message: string;
  /** False where asking again may help: throttling, a fault of the service. The SDK's retries are over by now. */
  readonly definitive: boolean;
}

/** Not LimitExceededException: that is a quota of the resource, such as its number of staging labels. */
const THROTTLED = /thrott|toomanyrequests|requestlimitexceeded/i;

/** The service's answer inside an error of the SDK; `undefined` if there was none. */
export function serviceAnswer(error: unknown): ServiceAnswer | undefined {
  if (!isServiceException(error)) return undefined;
  const { name, message, $fault, $metadata } = error;
  const status = $metadata.httpStatusCode ?? 0;
  const passing = $fault === 'server' || status >= 500 || status === 429 || THROTTLED.test(name);
  return { name, message, definitive: !passing };
}

interface ServiceException extends Error {
  readonly $fault: 'client' | 'server';
  readonly $metadata: { readonly httpStatusCode?: number };
}

function isServiceException(error: unknown): error is ServiceException {
  return error instanceof Error && '$fault' in error && '$metadata' in error;
}
