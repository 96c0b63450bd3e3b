/** What the RDS API says about one instance, as far as it is used. Fields are absent where the API gives none. */
export interface Instance extends Described {
  /** The identifier of the cluster that it is a member of. */
  readonly cluster: string | undefined;
  /** Where it is a read replica: the identifier of its source, or the ARN of a source in another Region. */
  readonly sourceInstance: string | undefined;
  readonly sourceCluster: string | undefined;
}

export interface Cluster extends Described {
  readonly reader: string | undefined;
  readonly customEndpoints: readonly string[];
  /** Identifiers of its instances. */
  readonly members: readonly string[];
}

export interface Described {
  readonly identifier: string;
  /** Of the instance, or of the cluster's writer; absent while it is being created. */
  readonly host: string | undefined;
  readonly port: number | undefined;
  /** As RDS names it, such as `aurora-postgresql`. */
  readonly engine: string | undefined;
  readonly status: string | undefined;
  readonly masterUsername: string | undefined;
  /** The secret in which RDS keeps the master user's password, if it does. */
  readonly masterSecretArn: string | undefined;
}

/**
 * The three calls to the RDS API. Each throws RdsRefused when the API says no, Unreachable when it does not answer, and
 * OutOfTime when the step's time is up.
 */
export interface RdsApi {
  instance(identifier: string): Promise<Instance>;
  cluster(identifier: string): Promise<Cluster>;
  /** The identifier of the cluster that has this custom endpoint. */
  clusterOfEndpoint(identifier: string): Promise<string>;
}

/** Each thing is asked for at most once; the API itself, with the SDK's client, is loaded with the first question. */
export function askedOnce(load: () => Promise<RdsApi>): RdsApi {
  let loading: Promise<RdsApi> | undefined;
  const once = <T>(ask: (api: RdsApi, identifier: string) => Promise<T>) => {
    const answers = new Map<string, Promise<T>>();
    return (identifier: string): Promise<T> => {
      loading ??= load();
      const answer = answers.get(identifier) ?? loading.then((api) => ask(api, identifier));
      answers.set(identifier, answer);
      return answer;
    };
  };
  return {
    instance: once((api, identifier) => api.instance(identifier)),
    cluster: once((api, identifier) => api.cluster(identifier)),
    clusterOfEndpoint: once((api, identifier) => api.clusterOfEndpoint(identifier)),
  };
}
