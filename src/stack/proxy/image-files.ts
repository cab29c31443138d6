/**
 * What the official nginx images (and their unprivileged variants) bring themselves, by container path: a file that is
 * included from there is no gap. They contribute no servers, except `conf.d/default.conf`.
 */
const files: ReadonlySet<string> = new Set(
  [
    "mime.types",
    "fastcgi_params",
    "fastcgi.conf",
    "scgi_params",
    "uwsgi_params",
    "koi-utf",
    "koi-win",
    "win-utf",
  ].map(name => `/etc/nginx/${name}`),
);

export function isInNginxImage(path: string): boolean {
  return files.has(path);
}

/** Folders of the system's own modules, included by some main files: nothing there serves a request. */
export function isImageFolder(path: string): boolean {
  return path === "/etc/nginx/modules-enabled" || path === "/usr/share/nginx/modules";
}

export const mainConfig = "/etc/nginx/nginx.conf";
/** The image's entry point renders `NAME.template` from here to `conf.d/NAME`. */
export const templateFolder = "/etc/nginx/templates";
export const templateOutput = "/etc/nginx/conf.d";
