import { nginxModel } from "../artifacts/nginx-model.ts";
import { inside } from "../core/path.ts";
import { parseNginx } from "../formats/nginx.ts";
import { repositoryPathOf } from "./query-certificates.ts";
import { serverProxies } from "./query-proxy.ts";
import { isWorkstationCall } from "./query-scripts.ts";
import type { ProxyInstance, Stack } from "./stack.ts";

/** Proxies as they run after a script has written their configuration from a heredoc; only whole server blocks count. */
export function generatedProxies(stack: Stack): ProxyInstance[] {
  const found: ProxyInstance[] = [];
  const proxies = serverProxies(stack).filter(proxy => proxy.service);
  if (proxies.length === 0) return found;
  for (const placed of stack.calls) {
    const { call } = placed;
    for (const write of call.writes) {
      if (write.append || !write.heredoc || call.remote || call.inside || isWorkstationCall(placed)) continue;
      const file = repositoryPathOf(call.cwd, write.path.value);
      const proxy = file && proxies.find(each => takes(each, file));
      if (!proxy) continue;
      const { servers, upstreams, tree } = nginxModel(parseNginx(write.heredoc.body).model.directives);
      if (servers.length === 0) continue;
      const { effective } = proxy;
      found.push({
        ...proxy,
        effective: {
          ...effective,
          servers,
          tree,
          upstreams: [...upstreams, ...effective.upstreams],
          gaps: [],
        },
      });
    }
  }
  return found;
}

function takes({ files, service }: ProxyInstance, file: string): boolean {
  return (
    files.includes(file) ||
    service!.mounts.some(({ repositoryPath: path }) => path && inside(path, file) !== undefined)
  );
}
