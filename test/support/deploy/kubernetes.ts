import { observed } from './observed.ts';

type Manifest = { readonly apiVersion: string; readonly kind: string };
type Validate = {
  (data: unknown): boolean;
  errors?: readonly { instancePath: string; message?: string; keyword: string; params: unknown }[] | null;
};

/** Names of the API's own schema, by kind. */
const SCHEMAS: Readonly<Record<string, string>> = {
  'v1 ConfigMap': 'IoK8sApiCoreV1ConfigMap',
  'v1 Secret': 'IoK8sApiCoreV1Secret',
  'v1 Service': 'IoK8sApiCoreV1Service',
  'apps/v1 Deployment': 'IoK8sApiAppsV1Deployment',
  'policy/v1 PodDisruptionBudget': 'IoK8sApiPolicyV1PodDisruptionBudget',
};

/**
 * What the Kubernetes API would not take of a manifest. The API's schema allows any further field; a validator reads every
 * field that it knows, so that the ones it never read are unknown.
 */
export async function mistakesOf(manifest: Manifest): Promise<string[]> {
  const name = SCHEMAS[`${manifest.apiVersion} ${manifest.kind}`];
  if (name === undefined) return [`${manifest.apiVersion} ${manifest.kind} is no kind that is used here`];
  const { validate } = (await import(`kubernetes-models/_schemas/${name}`)) as { validate: Validate };
  const { proxy, unread } = observed(manifest);
  if (validate(proxy)) return unread().map((path) => `${path} is unknown`);
  return (validate.errors ?? []).map(({ instancePath, keyword, params }) =>
    [instancePath, keyword, JSON.stringify(params)].join(' '),
  );
}
