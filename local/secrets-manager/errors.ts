/**
 * An error that the service answers with. `status` is 400 for everything that a caller can cause: the real service
 * answers 400 where other services would say 403 or 404.
 */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';
  readonly code: string;
  readonly status: number;

  constructor(code: string, message: string, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

export const invalidRequest = (message: string) => new ServiceError('InvalidRequestException', message);
export const invalidParameter = (message: string) => new ServiceError('InvalidParameterException', message);
export const notFound = (message: string) => new ServiceError('ResourceNotFoundException', message);
export const alreadyExists = (message: string) => new ServiceError('ResourceExistsException', message);
export const validationFailed = (message: string) => new ServiceError('ValidationException', message);
export const notSerializable = (message: string) => new ServiceError('SerializationException', message);

export const noSuchSecret = () => notFound("Secrets Manager can't find the specified secret.");
export const noSuchVersion = (id: string) =>
  notFound(`Secrets Manager can't find the specified secret value for VersionId: ${id}`);
export const noSuchStage = (stage: string) =>
  notFound(`Secrets Manager can't find the specified secret value for staging label: ${stage}`);
export const markedForDeletion = () =>
  invalidRequest("You can't perform this operation on the secret because it was marked for deletion.");
export const noRotationFunction = () =>
  invalidRequest('No Lambda rotation function ARN is associated with this secret.');

/** The same sentence comes with two codes: InvalidParameterException from RotateSecret, InvalidRequestException elsewhere. */
export const tokenMissing = 'You must provide a ClientRequestToken value. We recommend a UUID-type value.';
