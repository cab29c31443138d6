import { labLabel } from "../core/engine.ts";
import type { Api } from "./api.ts";

/**
 * Runs what may remove or replace containers of a lab, and takes away the anonymous volumes that none of them has
 * afterwards. No label says whose they are, so this is the only moment at which it is known; and one that Compose hands
 * on to the next container counts as named from then on, so that the engine does not remove it with that container.
 */
export async function withoutLeftVolumes<T>(api: Api, lab: string, command: () => Promise<T>): Promise<T> {
  const before = await anonymousOf(api, lab);
  try {
    return await command();
  } finally {
    const after = new Set(await anonymousOf(api, lab));
    for (const name of before)
      if (!after.has(name)) await api.call("DELETE", `/volumes/${name}`, { allow: [404, 409] });
  }
}

/** Names that the engine made up, of volumes that containers of the lab have. */
async function anonymousOf(api: Api, lab: string): Promise<string[]> {
  const filters = encodeURIComponent(JSON.stringify({ label: [`${labLabel}=${lab}`] }));
  const containers = (await api.call("GET", `/containers/json?all=1&filters=${filters}`)).json<
    { readonly Mounts?: readonly { readonly Type?: string; readonly Name?: string }[] }[]
  >();
  const names = containers.flatMap(({ Mounts }) =>
    (Mounts ?? []).flatMap(({ Type, Name }) => (Type === "volume" && Name ? [Name] : [])),
  );
  return [...new Set(names)].filter(name => /^[0-9a-f]{64}$/.test(name));
}
