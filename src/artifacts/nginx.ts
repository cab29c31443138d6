import type { ArtifactKind, Parsed } from "../core/artifact.ts";
import type { Source } from "../core/source.ts";
import { parseNginx } from "../formats/nginx.ts";
import { isNginxDirective } from "../formats/nginx-directives.ts";
import { type NginxModel, nginxModel } from "./nginx-model.ts";

const folder = /(?:^|\/)(?:[^/]*nginx[^/]*|conf\.d|sites-[^/]*|proxy|snippets|templates)\//i;
const suffix = /\.conf(?:\.template|\.tmpl|\.tpl|\.example|\.sample|\.dist)?$/i;

function recognises(path: string): boolean {
  const name = path.slice(path.lastIndexOf("/") + 1).toLowerCase();
  // `sites-available/shop` has no suffix, by custom.
  if (/(?:^|\/)sites-(?:available|enabled)\/[^/]+$/.test(path)) return true;
  if (!suffix.test(name)) return /^nginx[^/]*\.(?:template|tmpl|tpl)$/.test(name);
  if (name.includes("nginx") || name.startsWith("default.conf")) return true;
  return folder.test(path);
}

const nothing: NginxModel = { tree: [], servers: [], upstreams: [], includes: [], maps: [], limitZones: [] };

/** A `.conf` of another program has next to no words of nginx at its top: it gives an empty model and no problem. */
function parse(source: Source): Parsed<NginxModel> {
  const { model, problems } = parseNginx(source);
  const known = model.directives.filter(directive => isNginxDirective(directive.name.value));
  if (known.length === 0 || known.length * 2 < model.directives.length)
    return { model: nothing, problems: [] };
  return { model: nginxModel(model.directives), problems };
}

export const nginx: ArtifactKind<NginxModel> = { kind: "nginx", recognises, parse };
