import * as z from 'zod';
import * as field from '../input.ts';
import { epochSeconds, identity, operation } from './operation.ts';
import { page } from './page.ts';

const input = z.object({
  SecretId: field.secretId,
  MaxResults: field.maxResults.optional(),
  NextToken: field.nextToken.optional(),
  IncludeDeprecated: z.boolean().optional(),
});

export const listSecretVersionIds = operation(input, (request, { store }) => {
  const secret = store.find(request.SecretId);
  const listed = secret.versions
    .all()
    .map((version) => ({ version, stages: secret.versions.stagesOf(version.id) }))
    .filter(({ stages }) => stages.length > 0 || request.IncludeDeprecated === true);
  const { items, nextToken } = page(listed, request);
  return {
    ...identity(secret),
    Versions: items.map(({ version, stages }) => ({
      VersionId: version.id,
      VersionStages: stages.length === 0 ? undefined : stages,
      LastAccessedDate: epochSeconds(version.lastAccessed),
      CreatedDate: epochSeconds(version.created),
      KmsKeyIds: [secret.kmsKeyId ?? 'DefaultEncryptionKey'],
    })),
    NextToken: nextToken,
  };
});
