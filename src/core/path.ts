/** Path arithmetic on repository and container paths: forward slashes only, no file system. */

/** The directory part; "" for a name without one, "/" for a file directly below the container's root. */
export function dirname(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash === -1 ? "" : slash === 0 ? "/" : path.slice(0, slash);
}

export function basename(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Removes `.`, `..` and doubled slashes. A relative path that climbs out keeps its leading `..`. */
export function normalize(path: string): string {
  // Most paths are plain already. (A hidden file takes the long way.)
  if (!/^\.|\/[./]|\/$/.test(path)) return path;
  const absolute = path.startsWith("/");
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.length > 0 && parts[parts.length - 1] !== "..") parts.pop();
    else if (!absolute) parts.push("..");
  }
  return (absolute ? "/" : "") + parts.join("/");
}

/** `path` seen from `base`; an absolute path stays as it is. "" is the root itself. */
export function join(base: string, path: string): string {
  return normalize(
    path.startsWith("/") ? path : `${base}/${path}`.replace(/^\//, base.startsWith("/") ? "/" : ""),
  );
}

/** True for a relative path that leaves the root, and for an absolute one. */
export function isOutside(path: string): boolean {
  return path.startsWith("/") || path === ".." || path.startsWith("../");
}

/** `path` relative to `directory` when it lies inside it; undefined otherwise. */
export function inside(directory: string, path: string): string | undefined {
  if (directory === "") return isOutside(path) ? undefined : path;
  if (path === directory) return "";
  return path.startsWith(directory === "/" ? "/" : `${directory}/`)
    ? path.slice(directory === "/" ? 1 : directory.length + 1)
    : undefined;
}
