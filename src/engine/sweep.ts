import { labLabel } from "../core/engine.ts";
import type { Api } from "./api.ts";

interface Named {
  readonly Id?: string;
  readonly Name?: string;
  readonly Names?: readonly string[];
  readonly RepoTags?: readonly string[] | null;
  readonly Labels?: Readonly<Record<string, string>> | null;
}

const gone = [404, 409];

/** Removes what carries the label, in the reverse order of its making: containers, networks, volumes, images. */
export async function sweepLab(api: Api, lab: string): Promise<string[]> {
  const removed: string[] = [];
  const filters = encodeURIComponent(JSON.stringify({ label: [`${labLabel}=${lab}`] }));
  const containers = (await api.call("GET", `/containers/json?all=1&filters=${filters}`)).json<Named[]>();
  for (const { Id, Names } of containers) {
    await api.call("DELETE", `/containers/${Id}?force=1&v=1`, { allow: gone, timeoutMs: 60_000 });
    removed.push(`container ${Names?.[0]?.slice(1) ?? Id}`);
  }
  const networks = (await api.call("GET", `/networks?filters=${filters}`)).json<Named[]>();
  for (const { Id, Name } of networks) {
    await api.call("DELETE", `/networks/${Id}`, { allow: [...gone, 403] });
    removed.push(`network ${Name}`);
  }
  const volumes = (await api.call("GET", `/volumes?filters=${filters}`)).json<{ Volumes: Named[] | null }>();
  for (const { Name } of volumes.Volumes ?? []) {
    await api.call("DELETE", `/volumes/${Name}?force=1`, { allow: gone });
    removed.push(`volume ${Name}`);
  }
  const images = (await api.call("GET", `/images/json?filters=${filters}`)).json<Named[]>();
  for (const { Id, RepoTags } of images) {
    // Engines before 25 list an image whose name the next release took under this word for none.
    const tags = (RepoTags ?? []).filter(tag => tag !== "<none>:<none>");
    // A tag of the user's on the same image keeps it; only ours are taken off.
    const ours = tags.filter(tag => tag.startsWith(`${imagePrefix}${lab}`));
    for (const name of tags.length === 0 ? [Id!] : ours) {
      await api.call("DELETE", `/images/${encodeURIComponent(name)}?noprune=0`, {
        allow: gone,
        timeoutMs: 60_000,
      });
      removed.push(`image ${name}`);
    }
  }
  return removed;
}

/** Images of a lab are named after it, so that no tag of the user's is ever moved. */
export const imagePrefix = "shipworthy-lab/";

export async function labsOn(api: Api): Promise<string[]> {
  const filters = encodeURIComponent(JSON.stringify({ label: [labLabel] }));
  const lists = [
    (await api.call("GET", `/containers/json?all=1&filters=${filters}`)).json<Named[]>(),
    (await api.call("GET", `/networks?filters=${filters}`)).json<Named[]>(),
    (await api.call("GET", `/volumes?filters=${filters}`)).json<{ Volumes: Named[] | null }>().Volumes ?? [],
    (await api.call("GET", `/images/json?filters=${filters}`)).json<Named[]>(),
  ];
  const ids = lists.flat().flatMap(item => item.Labels?.[labLabel] ?? []);
  return [...new Set(ids)].filter(id => id !== "").sort();
}
