import type { ComposeProject, ProxyInstance, Service, Stack } from "../stack/stack.ts";

/**
 * The same thing in another state of the files. Several projects of one repository often have services of the same
 * name, and a file that takes part in two projects has each of its services twice: a name alone tells nothing.
 */
export function serviceTwin(stack: Stack, service: Service): Service | undefined {
  const all = stack.services.filter(each => each.name === service.name && each.at.file === service.at.file);
  return (
    all.find(each => isSameProject(each.project, service.project)) ?? (all.length === 1 ? all[0] : undefined)
  );
}

/** A proxy of a service is that service's, whatever files it reads; any other is told by its first file. */
export function proxyTwin(stack: Stack, proxy: ProxyInstance): ProxyInstance | undefined {
  const { service } = proxy;
  if (!service) return stack.proxies.find(each => !each.service && each.files[0] === proxy.files[0]);
  const twin = serviceTwin(stack, service);
  const all = stack.proxies.filter(each => each.service !== undefined && each.service === twin);
  return all.find(each => each.files.join() === proxy.files.join()) ?? all[0];
}

/** Told by its files, which a fix may add to. */
export function isSameProject(one: ComposeProject, other: ComposeProject): boolean {
  return one.directory === other.directory && one.files.join() === other.files.join();
}

/** What keys of things of a service begin with: stays while lines move, and differs between projects. */
export function serviceKey(service: Service): string {
  return `${service.project.files.join("+")} ${service.name}`;
}
